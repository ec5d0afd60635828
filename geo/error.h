// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace scarp::geo {

/// What went wrong, for code that must branch on it. The text of the error is for people.
enum class Fault : std::uint8_t {
  missing_file,      ///< nothing is there
  unreadable,        ///< it is there and cannot be opened or decoded (not a raster, truncated, no permission)
  missing_crs,       ///< no coordinate reference system where one is needed
  unsupported_grid,  ///< a rotated or sheared geotransform, or one without a georeference
  no_overlap,        ///< two inputs cover different ground
  no_valid_data,     ///< every pixel is nodata
  wrong_bands,       ///< fewer bands than are needed
  bad_argument,      ///< a value of the caller's that cannot be used
  already_exists,    ///< an output that would have to be overwritten
  unwritable,        ///< an output folder or file that cannot be written
  out_of_space,      ///< the disk is full
};

/// The error of geo: what, where, which values, and the remedy, in one sentence.
class Error : public std::runtime_error {
 public:
  Error(Fault fault, const std::string& message) : std::runtime_error(message), fault_(fault) {}
  Fault fault() const noexcept { return fault_; }

 private:
  Fault fault_;
};

}  // namespace scarp::geo

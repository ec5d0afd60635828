// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "nn/error.h"

namespace scarp::nn {

/// Why a file of weights is refused.
enum class Defect : std::uint8_t {
  checksum,            ///< data changed after they were written
  global_not_allowed,  ///< a pickle names a class or function that is not on the list
  limit_exceeded,      ///< larger or deeper than any file of weights is
  malformed_header,    ///< safetensors: the JSON header
  malformed_pickle,
  malformed_tensor,  ///< arguments of a tensor that are of the wrong kind or number
  malformed_zip,
  not_a_state_dict,  ///< read, but there is no tensor in it
  out_of_bounds,     ///< a tensor reaches beyond its data
  size_mismatch,     ///< two places of the file name different sizes
  storage_missing,   ///< a tensor names data that the file does not hold
  truncated,
  unknown_format,
  unsupported,  ///< known, and not read
};

/// "malformed pickle", "out of bounds", ...
const char* defect_name(Defect defect);

/// A file of weights that is not read. Message: "WHERE: DEFECT: reason".
class FormatError : public Error {
 public:
  FormatError(Defect defect, const std::string& where, const std::string& reason);
  Defect defect() const noexcept { return defect_; }

 private:
  Defect defect_;
};

}  // namespace scarp::nn

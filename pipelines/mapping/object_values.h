// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "geo/aligned_stack.h"
#include "geo/raster_source.h"
#include "pipelines/recycler.h"
#include "pipelines/vector/band_trace.h"
#include "pipelines/vector/class_raster_gdal.h"

namespace scarp::pipelines {

/// What a DEM and a raster of confidence say of the pixels of a class raster, band of rows by band: read
/// once, from top to bottom; terrain is derived where there are objects only, by the thread that traces the
/// band.
class ObjectValues {
 public:
  /// @param dem         empty: none; any CRS, pixel size and extent
  /// @param confidence  empty: none; on the class raster's grid
  /// @throws Error (contradiction) if the confidence lies on another grid; geo::Error
  ObjectValues(const std::string& raster, const std::string& dem, const std::string& confidence);

  bool known() const { return stack_ != nullptr || steps_ || confidence_ != nullptr; }
  /// Reads the values of some rows; not by two threads at once. They may outlive this object's next call, not
  /// this object.
  std::shared_ptr<vector::BandValues> read(std::int64_t first_row, std::int64_t rows);

 private:
  class Band;

  geo::Grid grid_;
  std::unique_ptr<geo::AlignedStack> stack_;
  std::optional<vector::ClassRaster> steps_;       ///< confidence as `detect` writes it, byte by byte
  std::unique_ptr<geo::RasterSource> confidence_;  ///< of any other kind
  Recycler<Band> spare_;
};

}  // namespace scarp::pipelines

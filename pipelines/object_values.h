// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "geo/aligned_stack.h"
#include "geo/raster_source.h"
#include "pipelines/vector/attributes.h"
#include "pipelines/vector/object_batch.h"

namespace scarp::pipelines {

/// What a DEM and a raster of confidence say of objects of a class raster: exact values over their pixels,
/// read a few rows of the object at a time.
class ObjectValues {
 public:
  /// @param dem         empty: none; any CRS, pixel size and extent
  /// @param confidence  empty: none; on the class raster's grid
  /// @throws Error (contradiction) if the confidence lies on another grid; geo::Error
  ObjectValues(const std::string& raster, int band, const std::string& dem, const std::string& confidence);

  bool known() const { return stack_ != nullptr || confidence_ != nullptr; }
  void measure(const vector::TracedObject& object, vector::ObjectAttributes& attributes);

 private:
  void read_rows(const geo::Window& window);
  vector::PixelRow row_of(const geo::Window& window, std::int64_t row) const;

  geo::Grid grid_;
  std::unique_ptr<geo::AlignedStack> stack_;
  std::unique_ptr<geo::RasterSource> confidence_;
  bool confidence_in_steps_ = false;
  geo::StackTile tile_;
  std::vector<float> confidence_values_;
  std::vector<std::uint8_t> confidence_valid_;
  std::vector<std::uint8_t> confidence_steps_;
};

}  // namespace scarp::pipelines

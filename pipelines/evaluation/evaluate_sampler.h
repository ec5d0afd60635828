// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "geo/features.h"
#include "geo/raster_source.h"

namespace scarp::pipelines {

/// The first band of a raster as seen on another grid of the same CRS: each pixel takes the one its centre
/// lies in.
class GridSampler {
 public:
  /// @throws Error (contradiction) if the CRS differ or no ground is shared
  GridSampler(std::unique_ptr<geo::RasterSource> source, const geo::Grid& target);

  /// @param window  of the target grid; values [rows, cols], valid 0 where the raster has no data or does not
  /// reach
  void read(const geo::Window& window, std::vector<float>& values, std::vector<std::uint8_t>& valid);
  const geo::RasterSource& source() const { return *source_; }

 private:
  void read_resampled(const geo::Window& window,
                      std::vector<float>& values,
                      std::vector<std::uint8_t>& valid);

  std::unique_ptr<geo::RasterSource> source_;
  geo::Grid target_;
  bool same_grid_;
  std::vector<float> source_values_;
  std::vector<std::uint8_t> source_valid_;
};

/// Class ids on a grid: 0 background, 255 unknown.
class ClassReader {
 public:
  virtual ~ClassReader() = default;
  virtual std::vector<std::uint8_t> read(const geo::Window& window) = 0;
};

enum class RasterRole : std::uint8_t {
  prediction,  ///< unknown where there is no data; an undeclared 255 is refused
  labels,      ///< unknown where there is no data, and 255
};

/// Class ids from a raster. `read` throws Error (contradiction) at a value that is no class id.
std::unique_ptr<ClassReader> make_raster_classes(std::unique_ptr<geo::RasterSource> source,
                                                 const geo::Grid& grid,
                                                 RasterRole role);

/// Class ids from polygons: known everywhere.
/// @throws Error (contradiction) for class ids outside 1..254
std::unique_ptr<ClassReader> make_polygon_classes(geo::FeatureLayer layer, const geo::Grid& grid);

/// Makes everything outside an area unknown.
std::unique_ptr<ClassReader> make_masked_classes(std::unique_ptr<ClassReader> classes,
                                                 geo::FeatureLayer area,
                                                 const geo::Grid& grid);

}  // namespace scarp::pipelines

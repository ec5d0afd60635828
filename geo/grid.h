// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "geo/crs.h"
#include "geo/window.h"

namespace scarp::geo {

/// A place on the map, in units of the CRS.
struct MapPoint {
  double x = 0;
  double y = 0;
  bool operator==(const MapPoint&) const = default;
};

/// A place on a raster in pixels: (0, 0) is the outer corner of the first pixel, (0.5, 0.5) its centre.
struct PixelPoint {
  double row = 0;
  double col = 0;
  bool operator==(const PixelPoint&) const = default;
};

/// Where a raster's pixels lie: size, geotransform, CRS.
struct Grid {
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  /// As GDAL has it: x = g[0] + col g[1] + row g[2],  y = g[3] + col g[4] + row g[5].
  std::array<double, 6> geotransform = {0, 1, 0, 0, 0, -1};
  Crs crs;

  Window window() const { return {0, 0, rows, cols}; }
  MapPoint map_from_pixel(PixelPoint pixel) const;
  PixelPoint pixel_from_map(MapPoint point) const;
  bool north_up() const {
    return geotransform[2] == 0 && geotransform[4] == 0 && geotransform[1] > 0 && geotransform[5] < 0;
  }

  /// Ground sampling distance in metres: east-west and north-south. For degrees: on the ellipsoid at the
  /// grid's centre.
  struct PixelSize {
    double x_m = 1;
    double y_m = 1;
    double mean_m() const { return 0.5 * (x_m + y_m); }
  };
  PixelSize pixel_size() const;

  /// The grid of a window of this one: same pixels, other origin and size.
  Grid cropped(const Window& window) const;
  bool operator==(const Grid&) const = default;
};

/// Pixels of `grid` that a map rectangle touches, not clipped to the grid. min_x <= max_x, min_y <= max_y.
Window window_of_box(const Grid& grid, double min_x, double min_y, double max_x, double max_y);

/// @throws Error (missing_crs, unsupported_grid) unless the grid has a CRS and is north-up; `name` is named
/// in the message
void require_mappable(const Grid& grid, const std::string& name);

}  // namespace scarp::geo

// SPDX-License-Identifier: Apache-2.0
#include "geo/grid.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "geo/error.h"

namespace scarp::geo {
namespace {

struct DegreeLength {
  double east_m;
  double north_m;
};

/// Length of a degree on the ellipsoid: radii of curvature in the prime vertical and in the meridian
/// (Snyder 1987, Map Projections, equations 4-18 to 4-20).
DegreeLength degree_length(const Ellipsoid& ellipsoid, double latitude_deg) {
  constexpr double kRadians = std::numbers::pi / 180;
  const double flattening = ellipsoid.inverse_flattening == 0 ? 0 : 1 / ellipsoid.inverse_flattening;
  const double e2 = flattening * (2 - flattening);
  const double sine = std::sin(latitude_deg * kRadians);
  const double w2 = 1 - e2 * sine * sine;
  const double prime_vertical = ellipsoid.semi_major_m / std::sqrt(w2);
  const double meridian = prime_vertical * (1 - e2) / w2;
  return {prime_vertical * std::cos(latitude_deg * kRadians) * kRadians, meridian * kRadians};
}

/// A box whose border is meant to lie on a pixel border must not touch the next pixel by rounding.
constexpr double kSnapPx = 1e-6;

std::int64_t clamped(double value) {
  constexpr double kFar = 1e15;
  return static_cast<std::int64_t>(std::clamp(value, -kFar, kFar));
}

}  // namespace

MapPoint Grid::map_from_pixel(PixelPoint pixel) const {
  const auto& g = geotransform;
  return {g[0] + pixel.col * g[1] + pixel.row * g[2], g[3] + pixel.col * g[4] + pixel.row * g[5]};
}

PixelPoint Grid::pixel_from_map(MapPoint point) const {
  const auto& g = geotransform;
  const double x = point.x - g[0];
  const double y = point.y - g[3];
  // One division where the grid is not sheared keeps pixel borders exact.
  if (g[2] == 0 && g[4] == 0) return {y / g[5], x / g[1]};
  const double determinant = g[1] * g[5] - g[2] * g[4];
  return {(g[1] * y - g[4] * x) / determinant, (g[5] * x - g[2] * y) / determinant};
}

Grid::PixelSize Grid::pixel_size() const {
  const auto& g = geotransform;
  const double x = std::hypot(g[1], g[4]);
  const double y = std::hypot(g[2], g[5]);
  if (!crs.geographic()) {
    const double metres = crs.metres_per_unit();
    return {x * metres, y * metres};
  }
  const MapPoint centre = map_from_pixel({0.5 * static_cast<double>(rows), 0.5 * static_cast<double>(cols)});
  const DegreeLength degree = degree_length(crs.ellipsoid(), std::clamp(centre.y, -90.0, 90.0));
  return {x * degree.east_m, y * degree.north_m};
}

Grid Grid::cropped(const Window& window) const {
  Grid part = *this;
  part.rows = window.rows;
  part.cols = window.cols;
  const MapPoint origin = map_from_pixel({static_cast<double>(window.row), static_cast<double>(window.col)});
  part.geotransform[0] = origin.x;
  part.geotransform[3] = origin.y;
  return part;
}

Window window_of_box(const Grid& grid, double min_x, double min_y, double max_x, double max_y) {
  if (!(min_x <= max_x) || !(min_y <= max_y)) {
    throw Error(Fault::bad_argument, "the box x " + std::to_string(min_x) + ".." + std::to_string(max_x) +
                                         ", y " + std::to_string(min_y) + ".." + std::to_string(max_y) +
                                         " is not a rectangle: give minima before maxima");
  }
  PixelPoint low = grid.pixel_from_map({min_x, min_y});
  PixelPoint high = low;
  for (const MapPoint corner : {MapPoint{max_x, min_y}, MapPoint{min_x, max_y}, MapPoint{max_x, max_y}}) {
    const PixelPoint pixel = grid.pixel_from_map(corner);
    low = {std::min(low.row, pixel.row), std::min(low.col, pixel.col)};
    high = {std::max(high.row, pixel.row), std::max(high.col, pixel.col)};
  }
  const std::int64_t row = clamped(std::floor(low.row + kSnapPx));
  const std::int64_t col = clamped(std::floor(low.col + kSnapPx));
  const std::int64_t row_end = std::max(row + 1, clamped(std::ceil(high.row - kSnapPx)));
  const std::int64_t col_end = std::max(col + 1, clamped(std::ceil(high.col - kSnapPx)));
  return {row, col, row_end - row, col_end - col};
}

void require_mappable(const Grid& grid, const std::string& name) {
  if (!grid.crs.known()) {
    throw Error(Fault::missing_crs,
                name +
                    " has no coordinate reference system; assign one, e.g. gdal_edit.py -a_srs EPSG:32632 " +
                    name);
  }
  if (grid.north_up()) return;
  const auto& g = grid.geotransform;
  if (g[0] == 0 && g[3] == 0 && g[1] == 1 && std::abs(g[5]) == 1) {
    throw Error(Fault::unsupported_grid,
                name +
                    " has no geotransform, so its pixels lie nowhere on the map; "
                    "georeference it first, e.g. with gdalwarp or the QGIS georeferencer");
  }
  throw Error(Fault::unsupported_grid, name + " is rotated, sheared or not north-up (geotransform " +
                                           std::to_string(g[1]) + ", " + std::to_string(g[2]) + ", " +
                                           std::to_string(g[4]) + ", " + std::to_string(g[5]) +
                                           "); bring it to a north-up grid first: gdalwarp IN OUT");
}

}  // namespace scarp::geo

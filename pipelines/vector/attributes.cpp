// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/attributes.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include <fmt/format.h>

#include "pipelines/vector/error.h"

namespace scarp::vector {
namespace {

constexpr double kDegrees = 180 / std::numbers::pi;
constexpr std::uint8_t kNodata = 255;

void require_planes(const ObjectPixels& pixels) {
  const auto expected = static_cast<std::size_t>(std::max<std::int64_t>(0, pixels.window.pixels()));
  const auto check = [&](std::size_t size, const char* name, bool needed) {
    if (size == expected || (size == 0 && !needed)) return;
    throw Error(Fault::bad_argument,
                fmt::format("the plane '{}' of an object has {} pixels, its window of {} x {} has {}", name,
                            size, pixels.window.rows, pixels.window.cols, expected));
  };
  check(pixels.inside.size(), "inside", true);
  check(pixels.confidence.size(), "confidence", false);
  check(pixels.elevation_m.size(), "elevation", false);
  check(pixels.slope_deg.size(), "slope", false);
  check(pixels.gradient_east.size(), "gradient east", false);
  check(pixels.gradient_north.size(), "gradient north", false);
  check(pixels.terrain_valid.size(), "terrain valid", false);
}

std::span<const std::uint8_t> row_of(std::span<const std::uint8_t> plane, std::size_t row, std::size_t cols) {
  return plane.empty() ? plane : plane.subspan(row * cols, cols);
}

std::span<const float> row_of(std::span<const float> plane, std::size_t row, std::size_t cols) {
  return plane.empty() ? plane : plane.subspan(row * cols, cols);
}

/// Calls visit(row, begin, end) for each run of the object's pixels.
template <class Visit>
void for_each_run(const ObjectPixels& pixels, const Visit& visit) {
  const auto cols = static_cast<std::size_t>(pixels.window.cols);
  for (std::size_t row = 0; row < static_cast<std::size_t>(pixels.window.rows); ++row) {
    const std::span<const std::uint8_t> inside = row_of(pixels.inside, row, cols);
    for (std::size_t begin = 0; begin < cols;) {
      std::size_t end = begin;
      while (end < cols && inside[end] != 0) ++end;
      if (end > begin) visit(row, begin, end);
      begin = end + 1;
    }
  }
}

double azimuth_deg(const Direction& direction) {
  const double degrees = std::atan2(direction.east, direction.north) * kDegrees;
  const double turned = degrees < 0 ? degrees + 360 : degrees;
  // A hair west of north is rounded to 360.
  return turned < 360 ? turned : 0;
}

/// Extent of corners along a direction.
double extent_m(std::span<const geo::PixelPoint> corners,
                const Direction& along,
                const geo::Grid::PixelSize& pixel) {
  double least = std::numeric_limits<double>::infinity();
  double most = -least;
  for (const geo::PixelPoint& corner : corners) {
    const double place = corner.col * pixel.x_m * along.east - corner.row * pixel.y_m * along.north;
    least = std::min(least, place);
    most = std::max(most, place);
  }
  return most - least;
}

void set_shape_attributes(const Direction& downhill,
                          std::span<const geo::PixelPoint> corners,
                          const geo::Grid::PixelSize& pixel,
                          ObjectAttributes& attributes) {
  attributes.aspect = azimuth_deg(downhill);
  attributes.length_m = extent_m(corners, downhill, pixel);
  attributes.width_m = extent_m(corners, {-downhill.north, downhill.east}, pixel);
  if (attributes.relief_m) attributes.reach = *attributes.relief_m / *attributes.length_m;
}

bool beside_nodata(const ObjectPixels& pixels) {
  if (pixels.confidence.empty()) return false;
  const auto rows = static_cast<std::size_t>(pixels.window.rows);
  const auto cols = static_cast<std::size_t>(pixels.window.cols);
  const auto unknown = [&](std::size_t row, std::size_t col) {
    return pixels.confidence[row * cols + col] == kNodata;
  };
  bool found = false;
  for_each_run(pixels, [&](std::size_t row, std::size_t begin, std::size_t end) {
    found = found || (begin > 0 && unknown(row, begin - 1)) || (end < cols && unknown(row, end));
    for (std::size_t col = begin; col < end; ++col) {
      // Inside of a run, a neighbour may be unknown too.
      found = found || (end - begin > 1 && unknown(row, col)) || (row > 0 && unknown(row - 1, col)) ||
              (row + 1 < rows && unknown(row + 1, col));
    }
  });
  return found;
}

bool at_border(const geo::Window& window, const geo::Grid& grid) {
  return !grid.window().contains(window.grown(1));
}

/// First and last corners of runs: no others can be extreme.
std::vector<geo::PixelPoint> run_corners(const ObjectPixels& pixels) {
  std::vector<geo::PixelPoint> corners;
  for_each_run(pixels, [&](std::size_t row, std::size_t begin, std::size_t end) {
    for (const std::size_t y : {row, row + 1}) {
      corners.push_back({static_cast<double>(y), static_cast<double>(begin)});
      corners.push_back({static_cast<double>(y), static_cast<double>(end)});
    }
  });
  return corners;
}

}  // namespace

void set_pixel_attributes(const PixelSums& sums,
                          std::span<const geo::PixelPoint> corners,
                          const geo::Grid::PixelSize& pixel,
                          ObjectAttributes& attributes) {
  if (const auto confidence = sums.confidence()) {
    attributes.conf_mean = confidence->mean;
    attributes.conf_min = confidence->least;
    attributes.conf_std = confidence->deviation;
  }
  if (const auto elevation = sums.elevation()) {
    attributes.elev_min = elevation->least;
    attributes.elev_max = elevation->most;
    attributes.relief_m = elevation->most - elevation->least;
  }
  if (const auto slope = sums.slope()) {
    attributes.slope_mean = slope->mean;
    attributes.slope_max = slope->most;
  }
  if (const auto downhill = sums.downhill()) set_shape_attributes(*downhill, corners, pixel, attributes);
}

ObjectAttributes measure_object(const ClassPolygon& object,
                                const ObjectPixels& pixels,
                                const geo::Grid& grid,
                                const geo::GeodesicMeasure& geodesic) {
  require_planes(pixels);
  ObjectAttributes attributes;
  attributes.class_id = object.class_id;
  const geo::GeodesicMeasure::Size size = geodesic.measure(object.polygon);
  attributes.area_m2 = size.area_m2;
  attributes.perim_m = size.perimeter_m;
  PixelSums sums;
  const auto cols = static_cast<std::size_t>(pixels.window.cols);
  for_each_run(pixels, [&](std::size_t row, std::size_t begin, std::size_t end) {
    sums.add_run({row_of(pixels.confidence, row, cols), row_of(pixels.elevation_m, row, cols),
                  row_of(pixels.slope_deg, row, cols), row_of(pixels.gradient_east, row, cols),
                  row_of(pixels.gradient_north, row, cols), row_of(pixels.terrain_valid, row, cols)},
                 begin, end);
  });
  // Of the object's own place: in degrees, the width of a pixel depends on the latitude.
  set_pixel_attributes(sums, run_corners(pixels), grid.cropped(object.window).pixel_size(), attributes);
  attributes.edge = at_border(object.window, grid) || beside_nodata(pixels);
  return attributes;
}

}  // namespace scarp::vector

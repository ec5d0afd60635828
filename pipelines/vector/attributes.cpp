// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/attributes.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>

#include <fmt/format.h>

#include "pipelines/vector/error.h"

namespace scarp::vector {
namespace {

constexpr double kDegrees = 180 / std::numbers::pi;
constexpr double kConfidenceSteps = 254;
constexpr std::uint8_t kNodata = 255;

/// Sums over pixels that were looked at.
struct Tally {
  std::int64_t count = 0;
  double sum = 0;
  double least = std::numeric_limits<double>::infinity();
  double most = -std::numeric_limits<double>::infinity();

  void add(double value) {
    ++count;
    sum += value;
    least = std::min(least, value);
    most = std::max(most, value);
  }
  double mean() const { return sum / static_cast<double>(count); }
};

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

void for_each_pixel(const ObjectPixels& pixels, const std::function<void(std::size_t)>& visit) {
  for (std::size_t i = 0; i < pixels.inside.size(); ++i) {
    if (pixels.inside[i] != 0) visit(i);
  }
}

bool terrain_known(const ObjectPixels& pixels, std::size_t i) {
  return pixels.terrain_valid.empty() || pixels.terrain_valid[i] != 0;
}

Tally tally_terrain(const ObjectPixels& pixels, std::span<const float> plane) {
  Tally tally;
  if (plane.empty()) return tally;
  for_each_pixel(pixels, [&](std::size_t i) {
    if (terrain_known(pixels, i) && std::isfinite(plane[i])) tally.add(plane[i]);
  });
  return tally;
}

void measure_confidence(const ObjectPixels& pixels, ObjectAttributes& attributes) {
  if (pixels.confidence.empty()) return;
  Tally tally;
  const auto known = [&](std::size_t i) { return pixels.confidence[i] != kNodata; };
  for_each_pixel(pixels, [&](std::size_t i) {
    if (known(i)) tally.add(pixels.confidence[i] / kConfidenceSteps);
  });
  if (tally.count == 0) return;
  const double mean = tally.mean();
  double squares = 0;
  for_each_pixel(pixels, [&](std::size_t i) {
    const double off = pixels.confidence[i] / kConfidenceSteps - mean;
    if (known(i)) squares += off * off;
  });
  attributes.conf_mean = mean;
  attributes.conf_min = tally.least;
  attributes.conf_std = std::sqrt(squares / static_cast<double>(tally.count));
}

void measure_terrain(const ObjectPixels& pixels, ObjectAttributes& attributes) {
  const Tally elevation = tally_terrain(pixels, pixels.elevation_m);
  if (elevation.count > 0) {
    attributes.elev_min = elevation.least;
    attributes.elev_max = elevation.most;
    attributes.relief_m = elevation.most - elevation.least;
  }
  const Tally slope = tally_terrain(pixels, pixels.slope_deg);
  if (slope.count > 0) {
    attributes.slope_mean = slope.mean();
    attributes.slope_max = slope.most;
  }
}

/// A direction on the ground, of length 1.
struct Direction {
  double east = 0;
  double north = 0;
};

/// The circular mean of the downhill directions, each weighted by its slope angle (Mardia and Jupp 2000,
/// Directional Statistics, section 2.2). None where the ground is flat or its directions cancel out.
std::optional<Direction> mean_downhill(const ObjectPixels& pixels) {
  if (pixels.gradient_east.empty() || pixels.gradient_north.empty()) return std::nullopt;
  constexpr double kLeastResultant = 1e-6;
  double east = 0;
  double north = 0;
  double weights = 0;
  for_each_pixel(pixels, [&](std::size_t i) {
    const double rise_east = pixels.gradient_east[i];
    const double rise_north = pixels.gradient_north[i];
    const double rise = std::hypot(rise_east, rise_north);
    if (!terrain_known(pixels, i) || !std::isfinite(rise) || rise == 0) return;
    const double slope = std::atan(rise);
    east -= slope * rise_east / rise;
    north -= slope * rise_north / rise;
    weights += slope;
  });
  const double resultant = std::hypot(east, north);
  if (weights == 0 || resultant < kLeastResultant * weights) return std::nullopt;
  return Direction{east / resultant, north / resultant};
}

double azimuth_deg(const Direction& direction) {
  const double degrees = std::atan2(direction.east, direction.north) * kDegrees;
  const double turned = degrees < 0 ? degrees + 360 : degrees;
  // A hair west of north is rounded to 360.
  return turned < 360 ? turned : 0;
}

/// Extent of the pixels' footprints along a direction.
double extent_m(const ObjectPixels& pixels, const Direction& along, const geo::Grid::PixelSize& pixel) {
  Tally tally;
  for_each_pixel(pixels, [&](std::size_t i) {
    const auto row = static_cast<double>(static_cast<std::int64_t>(i) / pixels.window.cols);
    const auto col = static_cast<double>(static_cast<std::int64_t>(i) % pixels.window.cols);
    tally.add(col * pixel.x_m * along.east - row * pixel.y_m * along.north);
  });
  const double footprint = std::abs(along.east) * pixel.x_m + std::abs(along.north) * pixel.y_m;
  return tally.most - tally.least + footprint;
}

void measure_shape(const ObjectPixels& pixels,
                   const geo::Grid::PixelSize& pixel,
                   ObjectAttributes& attributes) {
  const std::optional<Direction> downhill = mean_downhill(pixels);
  if (!downhill) return;
  attributes.aspect = azimuth_deg(*downhill);
  attributes.length_m = extent_m(pixels, *downhill, pixel);
  attributes.width_m = extent_m(pixels, {-downhill->north, downhill->east}, pixel);
  if (attributes.relief_m) attributes.reach = *attributes.relief_m / *attributes.length_m;
}

bool beside_nodata(const ObjectPixels& pixels) {
  if (pixels.confidence.empty()) return false;
  const std::int64_t rows = pixels.window.rows;
  const std::int64_t cols = pixels.window.cols;
  bool found = false;
  for_each_pixel(pixels, [&](std::size_t i) {
    const std::int64_t row = static_cast<std::int64_t>(i) / cols;
    const std::int64_t col = static_cast<std::int64_t>(i) % cols;
    const auto width = static_cast<std::size_t>(cols);
    found = found || (row > 0 && pixels.confidence[i - width] == kNodata) ||
            (row + 1 < rows && pixels.confidence[i + width] == kNodata) ||
            (col > 0 && pixels.confidence[i - 1] == kNodata) ||
            (col + 1 < cols && pixels.confidence[i + 1] == kNodata);
  });
  return found;
}

bool at_border(const geo::Window& window, const geo::Grid& grid) {
  return !grid.window().contains(window.grown(1));
}

}  // namespace

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
  measure_confidence(pixels, attributes);
  measure_terrain(pixels, attributes);
  // Of the object's own place: in degrees, the width of a pixel depends on the latitude.
  measure_shape(pixels, grid.cropped(object.window).pixel_size(), attributes);
  attributes.edge = at_border(object.window, grid) || beside_nodata(pixels);
  return attributes;
}

}  // namespace scarp::vector

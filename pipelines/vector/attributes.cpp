// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/attributes.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace scarp::vector {
namespace {

constexpr double kDegrees = 180 / std::numbers::pi;

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

}  // namespace scarp::vector

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "geo/grid.h"
#include "pipelines/vector/pixel_sums.h"

namespace scarp::vector {

/// The fields of a polygon. Unknown ones (no DEM, no probability) are empty and become NULL.
struct ObjectAttributes {
  std::string uid;  ///< of place, class and model: the same object has the same uid in every run
  int class_id = 0;
  std::string class_name;
  std::optional<double> conf_mean;
  std::optional<double> conf_min;
  std::optional<double> conf_std;
  double area_m2 = 0;  ///< geodesic, on the CRS's own ellipsoid
  double perim_m = 0;  ///< geodesic
  std::optional<double> elev_min;
  std::optional<double> elev_max;
  std::optional<double> relief_m;
  std::optional<double> slope_mean;  ///< degrees
  std::optional<double> slope_max;
  std::optional<double> aspect;  ///< degrees clockwise from north, downhill, circular mean weighted by slope
  std::optional<double> length_m;  ///< extent along the mean downhill direction
  std::optional<double> width_m;   ///< extent across it
  std::optional<double> reach;     ///< H / L: relief_m over length_m
  bool edge = false;               ///< touches the edge of the data
  std::string model_id;
};

/// 16 hexadecimal digits from the place of the object's first pixel on the map (to 1e-3 of a map unit, 1e-8
/// of a degree), its class and its model: independent of the area of interest and of other objects.
std::string object_uid(const geo::Grid& grid,
                       std::int64_t first_row,
                       std::int64_t first_col,
                       int class_id,
                       const std::string& model_id);

/// Confidence, terrain and shape of an object whose pixels were summed up; sizes, edge and names stay as they
/// are. aspect, length_m, width_m and reach are empty where the ground is flat or its directions cancel out.
/// @param corners  of the object's pixels, at least those of its outer rings: length and width are their
/// extents
/// @param pixel    at the object: in degrees, the width of a pixel depends on the latitude
void set_pixel_attributes(const PixelSums& sums,
                          std::span<const geo::PixelPoint> corners,
                          const geo::Grid::PixelSize& pixel,
                          ObjectAttributes& attributes);

}  // namespace scarp::vector

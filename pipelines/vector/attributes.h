// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "geo/geodesic.h"
#include "geo/grid.h"
#include "pipelines/vector/pixel_sums.h"
#include "pipelines/vector/polygonizer.h"

namespace scarp::vector {

/// What is known of the pixels around one object: all planes [window.rows, window.cols]; empty planes are
/// unknown.
struct ObjectPixels {
  geo::Window window;
  std::span<const std::uint8_t> inside;      ///< 1: a pixel of the object
  std::span<const std::uint8_t> confidence;  ///< p = value / 254; 255 nodata
  std::span<const float> elevation_m;
  std::span<const float> slope_deg;
  std::span<const float> gradient_east;  ///< rise a metre
  std::span<const float> gradient_north;
  std::span<const std::uint8_t> terrain_valid;
};

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
/// are.
/// @param corners  of the object's pixels, at least those of its outer rings: length and width are their
/// extents
void set_pixel_attributes(const PixelSums& sums,
                          std::span<const geo::PixelPoint> corners,
                          const geo::Grid::PixelSize& pixel,
                          ObjectAttributes& attributes);

/// Exact values over the object's pixels. The caller knows and sets uid, class_name and model_id.
/// Length and width are those of the pixels' footprints, by the grid's pixel size at the object. `edge`: the
/// object touches the border of the grid, or one of its pixels has a neighbour (of 4) in the window whose
/// confidence is nodata. aspect, length_m, width_m and reach are empty where the ground is flat or its
/// directions cancel out.
/// @throws Error (bad_argument) if a plane has not the size of the window
ObjectAttributes measure_object(const ClassPolygon& object,
                                const ObjectPixels& pixels,
                                const geo::Grid& grid,
                                const geo::GeodesicMeasure& geodesic);

}  // namespace scarp::vector

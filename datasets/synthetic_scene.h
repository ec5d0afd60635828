// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "geo/features.h"
#include "geo/grid.h"

namespace scarp::datasets {

struct SyntheticOptions {
  std::uint64_t seed = 1;
  int rows = 1024;  ///< 128..8192
  int cols = 1024;
  double pixel_size_m = 10;        ///< ground sampling distance, 1..1000; the landscape scales with it
  std::string crs = "EPSG:32632";  ///< any projected CRS
  double easting = 600000;         ///< map x and y of the upper left corner, in units of the CRS
  double northing = 5200000;
  int bands = 3;       ///< of the image: 3, or 6 with near infrared and two shortwave infrared ones
  int landslides = 0;  ///< 0: as many as the ground carries, about one in 30 000 pixels
  void check() const;  ///< @throws Error (bad_argument)
};

/// A landscape with known landslides.
struct SyntheticScene {
  geo::Grid grid;
  std::vector<std::uint8_t> optical;  ///< [bands, rows, cols] red, green, blue; nir, swir1, swir2
  std::vector<float> elevation;       ///< [rows, cols] metres
  geo::FeatureLayer landslides;       ///< exact outlines; class_id 1
  geo::FeatureLayer labelled_area;    ///< one polygon: the whole scene
  geo::FeatureLayer walls;            ///< bands along head scarps and side walls; class_name "back" or "side"
  std::vector<bool> hidden;           ///< one a landslide: old, cannot be told by colour
  int decoys = 0;                     ///< gullies, quarries and cliffs that are none
};

/// Mountains with rivers, old landslides (arcuate head scarp, side walls, hummocky deposit, toe) that vary
/// ten times in size, at least 30 % of them invisible in colour, and decoys. The same options give the same
/// scene, bit for bit.
SyntheticScene make_synthetic_scene(const SyntheticOptions& options);

/// Writes hrsi.tif, dem.tif and labels.gpkg (layers landslides, labelled_area, walls) into a folder, which is
/// made if absent.
/// @throws geo::Error (already_exists, unwritable)
void write_synthetic_scene(const SyntheticScene& scene, const std::string& folder, bool overwrite);

}  // namespace scarp::datasets

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "pipelines/events.h"
#include "pipelines/vector/object_shape.h"

namespace scarp::pipelines {

struct PolygonizeOptions {
  std::string raster;      ///< classes: every value but nodata becomes polygons
  int band = 0;            ///< 1-based; 0: the only one
  std::string dem;         ///< empty: no terrain
  std::string confidence;  ///< on the raster's grid: u8 in steps of 1 / 254 with nodata 255 (as `detect`
                           ///< writes it), or floats of 0 to 1; empty: none
  std::string output;
  std::string format;  ///< OGR driver; empty: from the file's ending
  std::string layer = "polygons";
  std::vector<std::string> creation;  ///< KEY=VALUE
  vector::SizeLimits limits;          ///< its eight_connected says how pixels hang together
  vector::SimplifyOptions simplify;   ///< fields stay those of the pixels
  int workers = 0;                    ///< 0: one a processor core
  bool overwrite = false;
};

struct PolygonizeReport {
  std::int64_t polygons = 0;
  std::int64_t dropped_small = 0;
  std::int64_t filled_holes = 0;
  double area_m2 = 0;
  double seconds = 0;
};

/// Makes polygons of a class raster, in one pass over its rows and those of the other rasters, in the order
/// of vector::ClassTracer.
/// @throws Error (usage, contradiction, cancelled), geo::Error, vector::Error; nothing is left then
PolygonizeReport polygonize(const PolygonizeOptions& options, Events& events, std::stop_token stop);

}  // namespace scarp::pipelines

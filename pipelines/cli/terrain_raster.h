// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "geo/terrain.h"
#include "pipelines/events.h"

namespace scarp::cli {

struct TerrainRasterOptions {
  std::string dem;
  int band = 0;  ///< 1-based; 0: the only one
  std::string output;
  std::vector<geo::TerrainChannel> channels;  ///< one band each, in this order
  std::string driver = "GTiff";               ///< or "COG"
  std::vector<std::string> creation;          ///< KEY=VALUE
  int workers = 0;                            ///< 0: one a processor core
  bool overwrite = false;
};

/// Nodata value of every band; no channel reaches it.
inline constexpr float kTerrainNodata = -9999;

/// Derives terrain channels of a whole DEM into a float32 raster, a strip of rows at a time, strips in
/// parallel, written in order: memory grows with the DEM's width, never with its height. The answer does not
/// depend on the number of workers.
/// @throws geo::Error (wrong_bands: several bands and none chosen; no_valid_data), pipelines::Error
/// (cancelled)
void write_terrain_raster(const TerrainRasterOptions& options,
                          pipelines::Events& events,
                          std::stop_token stop);

}  // namespace scarp::cli

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "geo/terrain.h"

namespace scarp::cli {

/// At the edge of a raster gdaldem -compute_edges continues the ground in a straight line, 2 a - b, where
/// geo::derive_terrain, which also serves pieces of a raster, takes the centre's elevation. Derives the
/// pixels of `core` that lie on the edge of `raster` anew, so that both programs agree there too. Channels
/// that are no 3 x 3 operators stay as they are.
/// @param elevation  holds `core` and a pixel around it, as far as `raster` goes
/// @param out        [channels, core.rows, core.cols], as geo::derive_terrain left it
void derive_edges(const geo::ElevationView& elevation,
                  const geo::Window& raster,
                  const geo::Window& core,
                  std::span<const geo::TerrainChannel> channels,
                  std::span<float> out);

}  // namespace scarp::cli

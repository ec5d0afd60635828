// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "geo/window.h"

namespace scarp::geo {

/// What can be derived from elevation. Formulas and sources stand at the functions in terrain.cpp and in
/// geo/README.md.
enum class TerrainKind : std::uint8_t {
  elevation,           ///< metres
  relative_elevation,  ///< metres above the mean of the valid pixels in a square window
  slope,               ///< degrees, 0..90 (Horn 1981)
  aspect,  ///< degrees clockwise from north, 0..360, of the downhill direction; NaN -> nodata on flat ground
  northness,          ///< cosine of aspect; 0 on flat ground
  eastness,           ///< sine of aspect; 0 on flat ground
  gradient_east,      ///< metres of rise a metre towards east (Horn 1981)
  gradient_north,     ///< metres of rise a metre towards north
  profile_curvature,  ///< 1/m, along the slope (Zevenbergen & Thorne 1987)
  plan_curvature,     ///< 1/m, across the slope (Zevenbergen & Thorne 1987)
  hillshade,          ///< 1..255 as gdaldem: light from azimuth 315, altitude 45
};

struct TerrainChannel {
  TerrainKind kind = TerrainKind::slope;
  int window_px = 0;  ///< relative_elevation only: side of the square window, odd, 3..1025
  bool operator==(const TerrainChannel&) const = default;
};

/// "slope", "relative_elevation_65", ... and back.
std::string to_string(const TerrainChannel& channel);
/// @throws Error (bad_argument) naming the text and the known channels
TerrainChannel parse_terrain_channel(const std::string& text);
/// Pixels beyond a window that the channel looks at: 1 for 3 x 3 operators, window_px / 2 for relative
/// elevation.
int halo_px(std::span<const TerrainChannel> channels);

/// A piece of elevation with pixel size: what the channels are derived from.
struct ElevationView {
  Window window;                        ///< which pixels of the terrain grid these are
  std::span<const float> metres;        ///< [rows, cols]
  std::span<const std::uint8_t> valid;  ///< [rows, cols]
  double pixel_x_m = 1;
  double pixel_y_m = 1;
};

/// Derives channels for `core`, a window inside `elevation.window`; pixels beyond `elevation.window` count as
/// invalid. The answer for a pixel depends only on the elevations within its halo, bit for bit, never on how
/// windows were cut. A 3 x 3 operator with an invalid neighbour uses the centre's elevation in its place, as
/// gdaldem does with -compute_edges.
/// @param out        [channels, core.rows, core.cols]; invalid pixels hold 0
/// @param out_valid  [core.rows, core.cols]: the elevation there is valid
void derive_terrain(const ElevationView& elevation,
                    const Window& core,
                    std::span<const TerrainChannel> channels,
                    std::span<float> out,
                    std::span<std::uint8_t> out_valid);

}  // namespace scarp::geo

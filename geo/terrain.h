// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "geo/window.h"

namespace scarp::geo {

/// What can be derived from elevation. Formulas and sources stand at the functions in
/// terrain_operators.h and in geo/README.md.
enum class TerrainKind : std::uint8_t {
  elevation,           ///< metres
  relative_elevation,  ///< metres above the mean of the valid pixels in a square window
  slope,               ///< degrees, 0..90 (Horn 1981)
  aspect,             ///< degrees clockwise from north, 0..360, of the downhill direction; NaN on flat ground
  northness,          ///< cosine of aspect; 0 on flat ground
  eastness,           ///< sine of aspect; 0 on flat ground
  gradient_east,      ///< metres of rise a metre towards east (Horn 1981)
  gradient_north,     ///< metres of rise a metre towards north
  profile_curvature,  ///< 1/m, along the slope, > 0 where convex (Zevenbergen & Thorne 1987); 0 on flat
                      ///< ground
  plan_curvature,     ///< 1/m, across the slope, > 0 in hollows (Zevenbergen & Thorne 1987); 0 on flat ground
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
  std::span<const float> metres;        ///< [rows, cols]; what invalid pixels hold does not matter
  std::span<const std::uint8_t> valid;  ///< [rows, cols]
  double pixel_x_m = 1;
  double pixel_y_m = 1;
  /// Where the elevation raster as a whole lies, if it has an edge that is known; empty otherwise.
  Window raster = {};
};

/// Derives channels for `core`, a window inside `elevation.window`. The answer for a pixel depends only on
/// the elevations within its halo, bit for bit, never on how windows were cut: the view has to hold the halo
/// as far as there is elevation, for pixels beyond `elevation.window` count as invalid. A 3 x 3 operator does
/// as gdaldem with -compute_edges: an invalid neighbour takes the centre's elevation; at the edge of
/// `elevation.raster` the missing row or column is extrapolated linearly (2 a - b; in the first and last row
/// the missing columns repeat the last one).
/// @param out        [channels, core.rows, core.cols]; invalid pixels hold 0, aspect of flat ground NaN
/// @param out_valid  [core.rows, core.cols]: the elevation there is valid
/// @throws Error (bad_argument) if core is not inside the view or a buffer has the wrong size
void derive_terrain(const ElevationView& elevation,
                    const Window& core,
                    std::span<const TerrainChannel> channels,
                    std::span<float> out,
                    std::span<std::uint8_t> out_valid);

}  // namespace scarp::geo

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "datasets/landscape.h"

namespace scarp::datasets {

/// What the colour of the ground follows. All fields have the size of the scene; lengths in pixels.
struct GroundView {
  const Landscape& before;      ///< without landslides: plants on old slides are those of the surroundings
  const HeightField& heights;   ///< as it is now: what the sun lights
  const HeightField& bareness;  ///< 0..1: towards bare soil
  const HeightField& moisture;  ///< -1..1: towards greener or drier plants
};

inline constexpr int kMostBands = 6;

/// An 8-bit picture in red, green and blue, or in these, near infrared and two shortwave infrared bands
/// (about 0.86, 1.6 and 2.2 micrometres), as from above: forest, meadow, fields, scree, rock and water by
/// height, slope, aspect and moisture; lit by the sun at azimuth 155, altitude 48 degrees; with sensor noise.
/// @param bands  3 or 6; the first three are the same
/// @return [bands, rows, cols]
std::vector<std::uint8_t> paint_ground(const GroundView& ground, std::uint64_t seed, int bands = 3);

}  // namespace scarp::datasets

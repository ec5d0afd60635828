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

/// An 8-bit picture in red, green and blue as from above: forest, meadow, fields, scree, rock and water by
/// height, slope, aspect and moisture; lit by the sun at azimuth 155, altitude 48 degrees; with sensor noise.
/// [3, rows, cols]
std::vector<std::uint8_t> paint_ground(const GroundView& ground, std::uint64_t seed);

}  // namespace scarp::datasets

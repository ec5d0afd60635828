// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "datasets/height_field.h"

namespace scarp::datasets {

/// Ground without landslides: what running water and creep leave of rising rock.
struct Landscape {
  HeightField heights;  ///< in pixels; the lowest is 0
  HeightField drained;  ///< drained area in pixels: large in rivers
  HeightField
      above_river;  ///< height above the stream that a pixel drains to, in pixels; large where there is none
};

/// Mountains with a dendritic river network, threshold slopes and flat floors in the large valleys. Erosion
/// is by stream power, solved implicitly along the drainage (Braun & Willett 2013), with slopes capped at a
/// critical one and smoothed by creep, on a pyramid of grids from eight pixels a cell to one. Takes time in
/// proportion to the pixels.
Landscape make_landscape(std::uint64_t seed, int rows, int cols);

}  // namespace scarp::datasets

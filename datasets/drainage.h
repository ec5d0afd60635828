// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "datasets/height_field.h"

namespace scarp::datasets {

/// Where the water of each cell goes. Every cell drains to the border of the field, through depressions if
/// need be.
struct Drainage {
  std::vector<std::int32_t> order;     ///< cells, each after its receiver: outlets first
  std::vector<std::int32_t> receiver;  ///< the neighbour that a cell drains to; an outlet drains to itself
  std::vector<float> area;             ///< drained area, the cell included, in cells
};

/// Eight-neighbour flow directions by priority flood (Barnes et al. 2014), with heights in buckets, so that
/// time is linear. `outlets` (one a cell, not 0 = outlet; at least one) are where water leaves; empty: the
/// whole border. `seed` sways the choice among nearly equal descents, which hides the eight directions.
Drainage drain(const HeightField& heights, const std::vector<std::uint8_t>& outlets, std::uint64_t seed);

/// Distance between two neighbouring cells in cells: 1 or the square root of 2.
float neighbour_distance(std::int32_t a, std::int32_t b, int cols);

}  // namespace scarp::datasets

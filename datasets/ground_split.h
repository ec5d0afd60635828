// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "geo/features.h"
#include "geo/grid.h"

namespace scarp::datasets {

/// Pieces of labelled ground: windows of the grid, and the connected group that each belongs to.
struct LabelledBlocks {
  std::vector<geo::Window> blocks;  ///< ordered by row, then column
  std::vector<int>
      group;  ///< one a block: blocks that touch or overlap share a number, 0.. in order of first block
  int groups = 0;
};

/// The labelled area as blocks: each polygon's bounding window, cut into squares of at most `block_px` where
/// it is larger. Blocks without any labelled pixel are left out.
LabelledBlocks labelled_blocks(const geo::FeatureLayer& area, const geo::Grid& grid, int block_px);

/// The blocks for which `wanted` says yes, in groups of their own.
LabelledBlocks blocks_where(const LabelledBlocks& all, const std::function<bool(const geo::Window&)>& wanted);

/// Which blocks train and which validate. A whole group is on one side, and training blocks nearer than
/// `margin_px` to a validation block are on neither.
struct GroundSplit {
  std::vector<int> training;  ///< indices of blocks
  std::vector<int> validation;
};

/// The blocks that are none of `chosen` and lie `margin_px` or more from all of them.
std::vector<int> blocks_away_from(const LabelledBlocks& blocks,
                                  const std::vector<int>& chosen,
                                  int margin_px);

/// Takes whole groups for validation, chosen from `seed`, until about `share` of the blocks is reached
/// (groups that would overshoot are passed over). With one group only, the blocks are cut by a straight line
/// where fewest touch.
/// @throws Error (empty_split, bad_argument)
GroundSplit split_by_groups(const LabelledBlocks& blocks, double share, int margin_px, std::uint64_t seed);

}  // namespace scarp::datasets

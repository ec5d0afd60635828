// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "datasets/ground_split.h"

namespace scarp::datasets {

/// The blocks of one scene, each with the fold in which it validates.
struct SceneFolds {
  std::string scene;
  std::vector<geo::Window> blocks;
  std::vector<int> fold;  ///< one a block, 1..count
};

/// Folds of cross-validation: every block validates in exactly one.
struct Folds {
  int count = 0;
  std::vector<SceneFolds> scenes;
};

/// Deals whole groups of touching blocks to `count` folds. A group larger than one and a half mean folds is
/// cut once by a straight line where fewest blocks touch; what is about as large as a mean fold (three
/// quarters of it or more) is a fold of its own; the rest goes, largest first, to the smallest fold that is
/// not yet whole. Depends on the blocks alone: no seed.
/// @return the fold of each block, 1..count
/// @throws Error (bad_argument, empty_split)
std::vector<int> deal_folds(const LabelledBlocks& blocks, int count);

/// One fold as a split: its blocks validate, all others train but those nearer than `margin_px` to a block
/// that validates.
/// @throws Error (bad_argument, empty_split)
GroundSplit split_of_fold(const LabelledBlocks& blocks,
                          const std::vector<int>& fold_of_block,
                          int fold,
                          int margin_px);

/// The folds of a scene's blocks as a file has them.
/// @throws Error (other_data) if the file was made for other blocks: it says how many differ
std::vector<int> folds_of(const Folds& folds,
                          const std::string& scene,
                          const LabelledBlocks& blocks,
                          const std::string& file);

/// A text file with a line a block: scene,row,column,rows,columns,fold. Lines that begin with # are comments.
/// @throws Error (bad_argument) naming the line, or if a fold between 1 and the largest is empty
Folds read_folds(const std::string& file);
std::string to_csv(const Folds& folds);

}  // namespace scarp::datasets

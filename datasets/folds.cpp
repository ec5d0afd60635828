// SPDX-License-Identifier: Apache-2.0
#include "datasets/folds.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <tuple>

#include "datasets/error.h"

namespace scarp::datasets {
namespace {

using Piece = std::vector<int>;  // indices of blocks that stay together

double centre(const geo::Window& block, bool by_row) {
  return by_row ? static_cast<double>(block.row) + 0.5 * static_cast<double>(block.rows)
                : static_cast<double>(block.col) + 0.5 * static_cast<double>(block.cols);
}

/// A straight cut of a piece: blocks whose centre lies before the line, and the others.
struct Cut {
  Piece before, behind;
  std::ptrdiff_t contacts = 0;  ///< pairs of touching blocks that it parts
};

Cut cut_at(const LabelledBlocks& blocks, const Piece& piece, bool by_row, double place) {
  Cut cut;
  for (const int i : piece) {
    const bool first = centre(blocks.blocks[static_cast<std::size_t>(i)], by_row) < place;
    (first ? cut.before : cut.behind).push_back(i);
  }
  for (const int a : cut.before) {
    const geo::Window reach = blocks.blocks[static_cast<std::size_t>(a)].grown(1);
    cut.contacts += std::count_if(cut.behind.begin(), cut.behind.end(), [&](int b) {
      return !geo::intersection(reach, blocks.blocks[static_cast<std::size_t>(b)]).empty();
    });
  }
  return cut;
}

/// The cut that parts fewest pairs, neither side below nine twentieths; then the most even one.
Cut best_cut(const LabelledBlocks& blocks, const Piece& piece) {
  Cut best;
  auto least = std::tuple(std::numeric_limits<std::ptrdiff_t>::max(), std::ptrdiff_t{0});
  for (const bool by_row : {false, true}) {
    for (const int i : piece) {
      const geo::Window& block = blocks.blocks[static_cast<std::size_t>(i)];
      Cut cut = cut_at(blocks, piece, by_row, static_cast<double>(by_row ? block.row : block.col));
      const auto smaller = static_cast<double>(std::min(cut.before.size(), cut.behind.size()));
      if (smaller < 0.45 * static_cast<double>(piece.size())) continue;
      const auto uneven = std::abs(static_cast<std::ptrdiff_t>(cut.before.size()) -
                                   static_cast<std::ptrdiff_t>(cut.behind.size()));
      if (std::tuple(cut.contacts, uneven) >= least) continue;
      least = std::tuple(cut.contacts, uneven);
      best = std::move(cut);
    }
  }
  return best;
}

std::vector<Piece> pieces_of(const LabelledBlocks& blocks, double mean_fold) {
  std::vector<Piece> groups(static_cast<std::size_t>(blocks.groups));
  for (std::size_t i = 0; i < blocks.group.size(); ++i)
    groups[static_cast<std::size_t>(blocks.group[i])].push_back(static_cast<int>(i));
  std::vector<Piece> pieces;
  for (Piece& group : groups) {
    Cut cut;
    if (static_cast<double>(group.size()) > 1.5 * mean_fold) cut = best_cut(blocks, group);
    if (cut.before.empty()) {
      pieces.push_back(std::move(group));
    } else {
      pieces.push_back(std::move(cut.before));
      pieces.push_back(std::move(cut.behind));
    }
  }
  std::stable_sort(pieces.begin(), pieces.end(),
                   [](const Piece& a, const Piece& b) { return a.size() > b.size(); });
  return pieces;
}

GroundSplit checked(GroundSplit split, int fold) {
  if (!split.training.empty() && !split.validation.empty()) return split;
  throw Error(Fault::empty_split, "fold " + std::to_string(fold) + " leaves " +
                                      std::to_string(split.training.size()) + " blocks to train and " +
                                      std::to_string(split.validation.size()) +
                                      " to validate; use a smaller margin or fewer folds");
}

}  // namespace

std::vector<int> deal_folds(const LabelledBlocks& blocks, int count) {
  const int size = static_cast<int>(blocks.blocks.size());
  if (count < 2 || count > size) {
    throw Error(Fault::bad_argument, std::to_string(count) + " folds of " + std::to_string(size) +
                                         " labelled blocks; give 2 or more, and no more than blocks");
  }
  const double mean_fold = static_cast<double>(size) / count;
  std::vector<int> fold(blocks.blocks.size(), 0);
  std::vector<std::size_t> filled(static_cast<std::size_t>(count), 0);
  std::size_t whole = 0;  // folds 1..whole are one large piece each
  for (const Piece& piece : pieces_of(blocks, mean_fold)) {
    const bool own = static_cast<double>(piece.size()) >= 0.75 * mean_fold && whole + 1 < filled.size();
    auto chosen = filled.begin() + static_cast<std::ptrdiff_t>(whole);
    if (own) {
      ++whole;
    } else {
      chosen = std::min_element(chosen, filled.end());
    }
    *chosen += piece.size();
    for (const int i : piece)
      fold[static_cast<std::size_t>(i)] = static_cast<int>(chosen - filled.begin()) + 1;
  }
  const auto empty = std::find(filled.begin(), filled.end(), std::size_t{0});
  if (empty != filled.end()) {
    throw Error(Fault::empty_split, "the labelled ground forms too few groups of touching blocks for " +
                                        std::to_string(count) +
                                        " folds; ask for fewer, or label ground in more places");
  }
  return fold;
}

GroundSplit split_of_fold(const LabelledBlocks& blocks,
                          const std::vector<int>& fold_of_block,
                          int fold,
                          int margin_px) {
  if (fold_of_block.size() != blocks.blocks.size() || margin_px < 0)
    throw Error(Fault::bad_argument, "a fold for each block is needed, and a margin from 0");
  GroundSplit split;
  for (std::size_t i = 0; i < fold_of_block.size(); ++i)
    if (fold_of_block[i] == fold) split.validation.push_back(static_cast<int>(i));
  split.training = blocks_away_from(blocks, split.validation, margin_px);
  return checked(std::move(split), fold);
}

std::vector<int> folds_of(const Folds& folds,
                          const std::string& scene,
                          const LabelledBlocks& blocks,
                          const std::string& file) {
  const auto found = std::find_if(folds.scenes.begin(), folds.scenes.end(),
                                  [&](const SceneFolds& s) { return s.scene == scene; });
  if (found == folds.scenes.end()) {
    throw Error(Fault::other_data, file + " has no folds for the scene \"" + scene +
                                       "\"; name the scene as in the file, or make folds with scarp folds");
  }
  std::vector<int> result;
  std::size_t absent = 0;
  for (const geo::Window& block : blocks.blocks) {
    const auto same = std::find(found->blocks.begin(), found->blocks.end(), block);
    absent += same == found->blocks.end() ? 1 : 0;
    result.push_back(same == found->blocks.end()
                         ? 0
                         : found->fold[static_cast<std::size_t>(same - found->blocks.begin())]);
  }
  if (absent > 0 || found->blocks.size() != blocks.blocks.size()) {
    throw Error(Fault::other_data,
                file + " was made for other data: it has " + std::to_string(found->blocks.size()) +
                    " blocks of the scene \"" + scene + "\", which has " +
                    std::to_string(blocks.blocks.size()) + ", and " + std::to_string(absent) +
                    " of these are not in the file; make folds for these data with scarp folds");
  }
  return result;
}

}  // namespace scarp::datasets

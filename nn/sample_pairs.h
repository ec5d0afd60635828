// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <string>

#include "nn/hyper_pixels.h"

namespace scarp::nn {

/// Where a landslide's cells are drawn from.
enum class AnchorMode : std::uint8_t {
  walls,   ///< back wall and side walls, held against the outer band and the background
  band,    ///< the whole inner band, toe too, held against the same
  random,  ///< any landslide cell, held against any background cell
};

/// "walls", "band", "random".
/// @throws Error (bad_argument)
AnchorMode anchor_mode(const std::string& name);
std::string to_string(AnchorMode mode);

/// How many cells of a sample are drawn, at most.
struct PairCounts {
  int anchors = 32;    ///< of landslides: the anchors, and as keys their positives
  int negatives = 32;  ///< of background
  int rows() const { return anchors + negatives; }
};

enum PairCategory : std::int64_t { kBackgroundPair = 0, kLandslidePair = 1, kPairCategories = 2 };

/// Draws the cells of one sample whose embeddings are contrasted and queued. HPCL-style (reconstruction).
/// A sample always has the same number of rows, so that a device need not be asked how many there are: rows
/// 0 .. anchors - 1 are landslide cells, the others background. Rows that found no cell are not valid and
/// hold 0; the valid ones come first in both parts. No cell is drawn twice; each of those that a row may
/// hold is equally likely. Half of the negatives are of the outer band, half of the background, as far as
/// there are as many of both. Without anchors the negatives are drawn all the same: queues need them.
///
/// The same cells, counts and state of the generator give the same rows, on every platform.
/// @param cells    [n] kinds, as classify_cells gives them
/// @param indices  [rows] becomes positions in `cells`
/// @param valid    [rows] becomes 0 or 1
/// @throws Error (bad_argument) if sizes do not fit or counts are negative
void draw_pairs(std::span<const CellKind> cells,
                AnchorMode mode,
                const PairCounts& counts,
                std::mt19937_64& random,
                std::span<std::int64_t> indices,
                std::span<std::uint8_t> valid);

/// What a row is: kLandslidePair for the first `anchors` rows.
inline PairCategory pair_category(const PairCounts& counts, int row) {
  return row < counts.anchors ? kLandslidePair : kBackgroundPair;
}

}  // namespace scarp::nn

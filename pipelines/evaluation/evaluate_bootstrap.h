// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <random>
#include <span>
#include <string>

#include "pipelines/evaluation/evaluate_blocks.h"

namespace scarp::pipelines {

/// From the lower to the upper limit of 95 %: 2.5 % of the draws lie below and 2.5 % above.
struct Interval {
  double low = 0;
  double high = 0;
};

/// By the key of a score: "f1", "iou", "iou_background", "miou", "precision", "recall", "accuracy",
/// "boundary_f1", "boundary_precision", "boundary_recall", "ece".
using Intervals = std::map<std::string, Interval>;

/// What chance in the choice of the ground leaves open.
struct Bootstrap {
  int blocks = 0;         ///< squares of ground that were drawn from
  int draws = 0;          ///< that held labelled landslides: others say nothing and are left out
  Intervals scores;       ///< empty with fewer than two blocks, or without draws
  Intervals differences;  ///< scores of the map less those of the other one; empty without another
};

/// Percentile bootstrap (Efron & Tibshirani 1993, "An Introduction to the Bootstrap", section 13.3) over
/// squares of ground: each draw takes as many squares as there are, with replacement, adds their counts, and
/// scores them. With another map, whose squares are the same ground, both are scored on the same draws and
/// the difference is kept (paired), which is far narrower than the two intervals suggest.
/// @param other  empty, or as many as `blocks`; the same number of labelled pixels in each
/// @throws Error (usage) if they are not as many, or for a negative number of draws
Bootstrap bootstrap(std::span<const GroundCounts> blocks,
                    std::span<const GroundCounts> other,
                    int draws,
                    std::mt19937_64& random);

/// All scores by their keys, those that are known.
std::map<std::string, double> named_scores(const MapScores& scores);

}  // namespace scarp::pipelines

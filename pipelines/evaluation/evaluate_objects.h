// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "pipelines/vector/polygon_match.h"

namespace scarp::pipelines {

/// Connected objects of a mask, row by row: keeps one row and one small record an object.
class ObjectLabeller {
 public:
  explicit ObjectLabeller(std::int64_t cols) : above_(static_cast<std::size_t>(cols), 0) {}

  /// Labels the next row: 0 is no object, other numbers are provisional (see `object_of`). Pixels that share
  /// a side and are not 0 are one object, as in the polygons that a map is made into.
  /// @return valid until the next call
  std::span<const std::uint32_t> push(std::span<const std::uint8_t> mask);
  /// The final number of a provisional one, also between rows.
  std::uint32_t object_of(std::uint32_t provisional);
  std::size_t provisional_count() const { return parent_.size() - 1; }

 private:
  std::vector<std::uint32_t> above_;
  std::vector<std::uint32_t> parent_ = {0};
};

struct ObjectScores {
  std::int64_t predicted = 0;
  std::int64_t labelled = 0;
  std::int64_t matched = 0;  ///< pairs with IoU >= 0.5, each object in one pair at most

  double precision() const;
  double recall() const;
  double f1() const;  ///< 2 matched / (predicted + labelled); 0 without objects
};

/// Finds predicted and labelled objects that are the same: their pixels' intersection over union is at least
/// one half (as in panoptic quality, Kirillov et al. 2019). Where an exact half leaves a choice, the pair
/// that begins first is taken.
class ObjectMatcher {
 public:
  explicit ObjectMatcher(std::int64_t cols) : predicted_(cols), labelled_(cols) {}

  /// The next row of both masks, [cols] each, 0 or not 0. Unknown pixels must be 0 in both.
  void push(std::span<const std::uint8_t> predicted, std::span<const std::uint8_t> labelled);
  ObjectScores scores();
  /// The same at other thresholds of IoU, as polygons are matched: the most pairs in which no object is
  /// twice. Boundary distances stay empty.
  std::vector<vector::PolygonScores> scores_at(std::span<const double> least_ious);

 private:
  /// Final objects and the pixels that they share.
  struct Overlaps {
    std::map<std::uint32_t, std::int64_t> predicted, labelled;
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::int64_t> shared;
  };
  Overlaps overlaps();

  ObjectLabeller predicted_;
  ObjectLabeller labelled_;
  std::vector<std::int64_t> predicted_pixels_;  ///< by provisional number
  std::vector<std::int64_t> labelled_pixels_;
  std::unordered_map<std::uint64_t, std::int64_t> shared_pixels_;  ///< by both provisional numbers
};

}  // namespace scarp::pipelines

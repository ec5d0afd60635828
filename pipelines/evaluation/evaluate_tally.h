// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pipelines/evaluation/evaluate_blocks.h"
#include "pipelines/evaluation/evaluate_error_map.h"
#include "pipelines/evaluation/evaluate_inputs.h"
#include "pipelines/evaluation/evaluate_objects.h"
#include "pipelines/evaluation/evaluate_outline.h"

namespace scarp::pipelines {

/// What is counted by squares of ground, for one map. Stays where it is made: its outlines write into its
/// squares.
class MapTally {
 public:
  MapTally(const EvaluateOptions& options, const geo::Window& window);
  MapTally(const MapTally&) = delete;
  MapTally& operator=(const MapTally&) = delete;

  /// The next rows. @param prediction, truth  class ids [rows, cols], 255 unknown; @param probability  or
  /// null
  void add(const geo::Window& rows,
           std::span<const std::uint8_t> prediction,
           std::span<const std::uint8_t> truth,
           ProbabilityReader* probability);
  void finish() { outline_.finish(); }
  std::vector<GroundCounts> blocks() const { return blocks_.blocks(); }

 private:
  GroundBlocks blocks_;
  OutlineMatcher outline_;
};

/// All that is counted while rows go by.
struct Tally {
  Tally(const EvaluateOptions& options, const geo::Window& window);

  Confusion confusion;
  ObjectMatcher objects;
  ErrorMap errors;
  MapTally map;
  MapTally other;
};

/// Reads both maps and the labels from top to bottom. Where one map has no data, neither counts.
/// @param other  may be null
void compare_rows(EvaluateInputs& in, OtherMap* other, Tally& tally, Events& events);

}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "geo/grid.h"
#include "pipelines/evaluation/calibration_curve.h"
#include "pipelines/evaluation/confusion.h"
#include "pipelines/evaluation/evaluate_outline.h"

namespace scarp::pipelines {

/// All that the scores of some ground are made of. Counts of two grounds add up.
struct GroundCounts {
  BinaryCounts pixels;
  OutlineCounts outline;
  CalibrationCurve calibration;

  /// Adds `times` times the counts of another ground.
  void add(const GroundCounts& other, std::int64_t times = 1);
};

/// The figures by which maps are compared, 0 to 1. No figure is ever NaN.
struct MapScores {
  double f1 = 0, iou = 0, iou_background = 0, miou = 0, precision = 0, recall = 0, accuracy = 0;
  double boundary_f1 = 0, boundary_precision = 0, boundary_recall = 0;
  double ece = -1;  ///< expected calibration error, 15 bins; < 0: no probabilities were given
};
MapScores scores_of(const GroundCounts& counts);

/// Counts in squares of ground: neighbouring pixels are alike, so that an interval must be made from squares,
/// not from pixels. The lattice is anchored at the grid's origin.
class GroundBlocks {
 public:
  /// @param window  of the grid; rows are added from its first on
  /// @param side_px  of a square, at least 1
  /// @throws Error (usage) for another side
  GroundBlocks(const geo::Window& window, int side_px);

  /// @param prediction, truth  class ids [rows, cols], 0 background, 255 unknown
  void add_pixels(const geo::Window& rows,
                  std::span<const std::uint8_t> prediction,
                  std::span<const std::uint8_t> truth);
  /// @param probability  of landslide, [rows, cols]; where `valid` is 0 or a class unknown it is not looked
  /// at
  void add_probabilities(const geo::Window& rows,
                         std::span<const std::uint8_t> prediction,
                         std::span<const std::uint8_t> truth,
                         std::span<const float> probability,
                         std::span<const std::uint8_t> valid);
  /// The next row of flags, from the window's first on.
  void add_outline(std::span<const std::uint8_t> flags);

  /// Squares with at least one compared pixel, in the order of the lattice.
  std::vector<GroundCounts> blocks() const;

 private:
  /// Calls visit(square, first, last) for the parts of a row that lie in one square each.
  template <typename Visit>
  void for_parts(std::int64_t row, Visit visit);

  geo::Window window_;
  std::int64_t side_;
  std::int64_t outline_row_;
  std::map<std::pair<std::int64_t, std::int64_t>, GroundCounts> squares_;
};

}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#include "pipelines/evaluation/evaluate_blocks.h"

#include <algorithm>

#include <fmt/format.h>

#include "pipelines/error.h"

namespace scarp::pipelines {

void GroundCounts::add(const GroundCounts& other, std::int64_t times) {
  pixels.true_positive += times * other.pixels.true_positive;
  pixels.false_positive += times * other.pixels.false_positive;
  pixels.false_negative += times * other.pixels.false_negative;
  pixels.true_negative += times * other.pixels.true_negative;
  outline.predicted += times * other.outline.predicted;
  outline.predicted_near += times * other.outline.predicted_near;
  outline.labelled += times * other.outline.labelled;
  outline.labelled_near += times * other.outline.labelled_near;
  calibration.add(other.calibration, times);
}

MapScores scores_of(const GroundCounts& counts) {
  const BinaryCounts& pixels = counts.pixels;
  MapScores scores;
  scores.f1 = pixels.f1();
  scores.iou = pixels.iou();
  // Background against landslide: the same counts with the two classes exchanged.
  scores.iou_background =
      BinaryCounts{pixels.true_negative, pixels.false_negative, pixels.false_positive, pixels.true_positive}
          .iou();
  scores.miou = 0.5 * (scores.iou + scores.iou_background);
  scores.precision = pixels.precision();
  scores.recall = pixels.recall();
  scores.accuracy = pixels.accuracy();
  scores.boundary_f1 = counts.outline.f1();
  scores.boundary_precision = counts.outline.precision();
  scores.boundary_recall = counts.outline.recall();
  if (counts.calibration.pixels() > 0) scores.ece = counts.calibration.expected_error();
  return scores;
}

GroundBlocks::GroundBlocks(const geo::Window& window, int side_px)
    : window_(window), side_(side_px), outline_row_(window.row) {
  if (side_px < 1)
    throw Error(Fault::usage,
                fmt::format("the side of ground blocks must be at least 1 pixel, is {}", side_px));
}

template <typename Visit>
void GroundBlocks::for_parts(std::int64_t row, Visit visit) {
  for (std::int64_t col = window_.col; col < window_.col_end();) {
    const std::int64_t end = std::min((col / side_ + 1) * side_, window_.col_end());
    visit(squares_[{row / side_, col / side_}], col - window_.col, end - window_.col);
    col = end;
  }
}

void GroundBlocks::add_pixels(const geo::Window& rows,
                              std::span<const std::uint8_t> prediction,
                              std::span<const std::uint8_t> truth) {
  for (std::int64_t row = 0; row < rows.rows; ++row) {
    for_parts(rows.row + row, [&](GroundCounts& square, std::int64_t first, std::int64_t last) {
      for (std::int64_t col = first; col < last; ++col) {
        const auto i = static_cast<std::size_t>(row * rows.cols + col);
        if (prediction[i] == Confusion::kUnknown || truth[i] == Confusion::kUnknown) continue;
        BinaryCounts& counts = square.pixels;
        ++(prediction[i] != 0 ? (truth[i] != 0 ? counts.true_positive : counts.false_positive)
                              : (truth[i] != 0 ? counts.false_negative : counts.true_negative));
      }
    });
  }
}

void GroundBlocks::add_probabilities(const geo::Window& rows,
                                     std::span<const std::uint8_t> prediction,
                                     std::span<const std::uint8_t> truth,
                                     std::span<const float> probability,
                                     std::span<const std::uint8_t> valid) {
  for (std::int64_t row = 0; row < rows.rows; ++row) {
    for_parts(rows.row + row, [&](GroundCounts& square, std::int64_t first, std::int64_t last) {
      for (std::int64_t col = first; col < last; ++col) {
        const auto i = static_cast<std::size_t>(row * rows.cols + col);
        if (valid[i] == 0 || prediction[i] == Confusion::kUnknown || truth[i] == Confusion::kUnknown)
          continue;
        square.calibration.add(probability[i], truth[i] != 0);
      }
    });
  }
}

void GroundBlocks::add_outline(std::span<const std::uint8_t> flags) {
  for_parts(outline_row_++, [&](GroundCounts& square, std::int64_t first, std::int64_t last) {
    for (std::int64_t col = first; col < last; ++col) {
      const std::uint8_t flag = flags[static_cast<std::size_t>(col)];
      if (flag == 0) continue;
      const auto has = [flag](OutlineMatcher::Flag wanted) { return (flag & wanted) != 0 ? 1 : 0; };
      square.outline.predicted += has(OutlineMatcher::kPredicted);
      square.outline.labelled += has(OutlineMatcher::kLabelled);
      square.outline.predicted_near += has(OutlineMatcher::kPredictedNear);
      square.outline.labelled_near += has(OutlineMatcher::kLabelledNear);
    }
  });
}

std::vector<GroundCounts> GroundBlocks::blocks() const {
  std::vector<GroundCounts> known;
  for (const auto& [place, counts] : squares_) {
    if (counts.pixels.total() > 0) known.push_back(counts);
  }
  return known;
}

}  // namespace scarp::pipelines

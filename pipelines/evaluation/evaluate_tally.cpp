// SPDX-License-Identifier: Apache-2.0
#include "pipelines/evaluation/evaluate_tally.h"

#include <algorithm>

namespace scarp::pipelines {
namespace {

constexpr int kPictureSide = 1400;
constexpr std::int64_t kRowsAtOnce = 256;

void add_objects(const geo::Window& rows,
                 std::vector<std::uint8_t> prediction,
                 std::vector<std::uint8_t> truth,
                 ObjectMatcher& objects) {
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (truth[i] == Confusion::kUnknown || prediction[i] == Confusion::kUnknown) prediction[i] = truth[i] = 0;
  }
  const auto cols = static_cast<std::size_t>(rows.cols);
  for (std::size_t first = 0; first < truth.size(); first += cols) {
    objects.push(std::span(prediction).subspan(first, cols), std::span(truth).subspan(first, cols));
  }
}

/// What is unknown in one map becomes unknown in the other: both are judged on the same ground.
void share_unknown(std::vector<std::uint8_t>& a, std::vector<std::uint8_t>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == Confusion::kUnknown || b[i] == Confusion::kUnknown) a[i] = b[i] = Confusion::kUnknown;
  }
}

}  // namespace

MapTally::MapTally(const EvaluateOptions& options, const geo::Window& window)
    : blocks_(window, options.block_side_px),
      outline_(window.cols, options.boundary_tolerance_px, [this](std::span<const std::uint8_t> flags) {
        blocks_.add_outline(flags);
      }) {}

void MapTally::add(const geo::Window& rows,
                   std::span<const std::uint8_t> prediction,
                   std::span<const std::uint8_t> truth,
                   ProbabilityReader* probability) {
  blocks_.add_pixels(rows, prediction, truth);
  const auto cols = static_cast<std::size_t>(rows.cols);
  for (std::size_t first = 0; first < truth.size(); first += cols)
    outline_.push(prediction.subspan(first, cols), truth.subspan(first, cols));
  if (probability == nullptr) return;
  std::vector<float> values;
  std::vector<std::uint8_t> valid;
  probability->read(rows, values, valid);
  blocks_.add_probabilities(rows, prediction, truth, values, valid);
}

Tally::Tally(const EvaluateOptions& options, const geo::Window& window)
    : objects(window.cols), errors(window, kPictureSide), map(options, window), other(options, window) {}

void compare_rows(EvaluateInputs& in, OtherMap* other, Tally& tally, Events& events) {
  for (std::int64_t row = in.window.row; row < in.window.row_end(); row += kRowsAtOnce) {
    const geo::Window rows = {row, in.window.col, std::min(kRowsAtOnce, in.window.row_end() - row),
                              in.window.cols};
    std::vector<std::uint8_t> prediction = in.prediction->read(rows);
    const std::vector<std::uint8_t> truth = in.labels->read(rows);
    if (other != nullptr) {
      std::vector<std::uint8_t> others = other->prediction->read(rows);
      share_unknown(prediction, others);
      tally.other.add(rows, others, truth, other->probability.get());
    }
    tally.confusion.add(prediction, truth);
    tally.errors.add(rows, prediction, truth);
    tally.map.add(rows, prediction, truth, in.probability.get());
    add_objects(rows, prediction, truth, tally.objects);
    events.progress(static_cast<double>(rows.row_end() - in.window.row) /
                    static_cast<double>(in.window.rows));
  }
  tally.map.finish();
  if (other != nullptr) tally.other.finish();
}

}  // namespace scarp::pipelines

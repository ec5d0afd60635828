// SPDX-License-Identifier: Apache-2.0
#include "pipelines/evaluation/evaluate_outline.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "pipelines/error.h"

namespace scarp::pipelines {
namespace {

constexpr int kLargestTolerance = 50;
constexpr std::uint8_t kKnown = 4;  // beside the flags kPredicted and kLabelled of a mask row

double ratio(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

double OutlineCounts::precision() const {
  return ratio(predicted_near, predicted);
}
double OutlineCounts::recall() const {
  return ratio(labelled_near, labelled);
}
double OutlineCounts::f1() const {
  const double sum = precision() + recall();
  return sum == 0 ? 0.0 : 2 * precision() * recall() / sum;
}

OutlineMatcher::OutlineMatcher(std::int64_t cols, int tolerance_px, Sink sink)
    : cols_(cols), tolerance_(tolerance_px), sink_(std::move(sink)) {
  if (tolerance_px < 0 || tolerance_px > kLargestTolerance) {
    throw Error(Fault::usage, fmt::format("the tolerance of outlines must be 0 to {} pixels, is {}",
                                          kLargestTolerance, tolerance_px));
  }
  for (std::int64_t off = 0; off <= tolerance_; ++off)
    reach_.push_back(static_cast<std::int64_t>(
        std::floor(std::sqrt(static_cast<double>(tolerance_ * tolerance_ - off * off)))));
  const Row nothing(static_cast<std::size_t>(cols), 0);
  above_ = current_ = below_ = nothing;
  outlines_.assign(static_cast<std::size_t>(2 * tolerance_ + 1), nothing);
}

void OutlineMatcher::push(std::span<const std::uint8_t> predicted, std::span<const std::uint8_t> labelled) {
  Row mask(static_cast<std::size_t>(cols_), 0);
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (predicted[i] == kUnknown || labelled[i] == kUnknown) continue;
    mask[i] = static_cast<std::uint8_t>(kKnown | (predicted[i] != 0 ? kPredicted : 0) |
                                        (labelled[i] != 0 ? kLabelled : 0));
  }
  push_mask(std::move(mask));
}

void OutlineMatcher::finish() {
  const std::int64_t rows = pushed_;
  while (pushed_ < rows + tolerance_ + 1) push_mask(Row(static_cast<std::size_t>(cols_), 0));
}

/// With row r its upper neighbour's outline is known, and with that the answer of the row a tolerance above.
void OutlineMatcher::push_mask(Row mask) {
  above_ = std::move(current_);
  current_ = std::move(below_);
  below_ = std::move(mask);
  ++pushed_;
  if (const std::int64_t traced = pushed_ - 2; traced >= 0) {
    trace(traced);
    if (traced >= tolerance_) match(traced - tolerance_);
  }
}

void OutlineMatcher::trace(std::int64_t row) {
  Row& outline = outline_of(row);
  const auto last = static_cast<std::size_t>(cols_) - 1;
  for (std::size_t i = 0; i <= last; ++i) {
    outline[i] = 0;
    if ((current_[i] & (kPredicted | kLabelled)) == 0) continue;
    const std::uint8_t neighbours[] = {above_[i], below_[i], i > 0 ? current_[i - 1] : std::uint8_t{0},
                                       i < last ? current_[i + 1] : std::uint8_t{0}};
    for (const std::uint8_t neighbour : neighbours) {
      if ((neighbour & kKnown) != 0) outline[i] |= static_cast<std::uint8_t>(current_[i] & ~neighbour);
    }
  }
}

void OutlineMatcher::match(std::int64_t row) {
  Row flags = outline_of(row);
  for (std::int64_t col = 0; col < cols_; ++col) {
    std::uint8_t& own = flags[static_cast<std::size_t>(col)];
    if (own == 0) continue;
    const std::uint8_t found = near(row, col);
    if ((own & kPredicted) != 0 && (found & kLabelled) != 0) own |= kPredictedNear;
    if ((own & kLabelled) != 0 && (found & kPredicted) != 0) own |= kLabelledNear;
  }
  sink_(flags);
}

/// Whose outlines pass within the tolerance. Rows above the first are empty in the ring, rows below the last
/// were pushed empty.
std::uint8_t OutlineMatcher::near(std::int64_t row, std::int64_t col) {
  std::uint8_t found = 0;
  for (std::int64_t off = -tolerance_; off <= tolerance_; ++off) {
    if (row + off < 0) continue;
    const Row& outline = outline_of(row + off);
    const std::int64_t reach = reach_[static_cast<std::size_t>(std::abs(off))];
    const std::int64_t end = std::min(col + reach, cols_ - 1);
    for (std::int64_t c = std::max<std::int64_t>(col - reach, 0); c <= end; ++c)
      found |= outline[static_cast<std::size_t>(c)];
  }
  return found;
}

}  // namespace scarp::pipelines

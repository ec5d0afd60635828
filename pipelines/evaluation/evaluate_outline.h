// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace scarp::pipelines {

/// Outline pixels of map and labels, and how many of them have one of the other side near. A ratio whose
/// denominator is 0 is 0, never NaN.
struct OutlineCounts {
  std::int64_t predicted = 0;
  std::int64_t predicted_near = 0;
  std::int64_t labelled = 0;
  std::int64_t labelled_near = 0;

  double precision() const;  ///< predicted_near / predicted
  double recall() const;     ///< labelled_near / labelled
  double f1() const;         ///< harmonic mean of both
};

/// Compares the outlines of a map and of labels, row by row: the boundary F1 of Csurka, Larlus & Perronnin
/// (2013), "What is a good evaluation measure for semantic segmentation?", section 3. An outline pixel is a
/// landslide pixel that shares a side with a known background pixel: the border of the labelled ground is no
/// outline. Near is a distance of pixel centres of at most the tolerance. Keeps 2 tolerance + 3 rows.
class OutlineMatcher {
 public:
  static constexpr std::uint8_t kUnknown = 255;
  enum Flag : std::uint8_t { kPredicted = 1, kLabelled = 2, kPredictedNear = 4, kLabelledNear = 8 };
  /// Takes rows as they are finished, from the first on, one call each: [cols] sets of flags.
  using Sink = std::function<void(std::span<const std::uint8_t> flags)>;

  /// @param tolerance_px  0 to 50
  /// @throws Error (usage) for another tolerance
  OutlineMatcher(std::int64_t cols, int tolerance_px, Sink sink);

  /// The next row of both masks, [cols] each: 0 background, 255 unknown, all else landslide. Unknown in one
  /// is unknown in both.
  void push(std::span<const std::uint8_t> predicted, std::span<const std::uint8_t> labelled);
  /// After the last row: hands over the rows that are still held.
  void finish();

 private:
  using Row = std::vector<std::uint8_t>;

  Row& outline_of(std::int64_t row) { return outlines_[static_cast<std::size_t>(row) % outlines_.size()]; }
  void push_mask(Row mask);
  void trace(std::int64_t row);
  void match(std::int64_t row);
  std::uint8_t near(std::int64_t row, std::int64_t col);

  std::int64_t cols_;
  std::int64_t tolerance_;
  Sink sink_;
  std::vector<std::int64_t> reach_;  ///< [tolerance + 1]: half width of the disc so many rows off its centre
  Row above_, current_, below_;      ///< masks; an unknown pixel is 0
  std::vector<Row> outlines_;        ///< ring of 2 tolerance + 1 rows
  std::int64_t pushed_ = 0;
};

}  // namespace scarp::pipelines

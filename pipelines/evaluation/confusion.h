// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace scarp::pipelines {

/// Counts of one class against all others, and the ratios made of them. A ratio whose denominator is 0 is 0,
/// never NaN.
struct BinaryCounts {
  std::int64_t true_positive = 0;
  std::int64_t false_positive = 0;
  std::int64_t false_negative = 0;
  std::int64_t true_negative = 0;

  std::int64_t total() const { return true_positive + false_positive + false_negative + true_negative; }
  double precision() const;
  double recall() const;
  double f1() const;   ///< 2 TP / (2 TP + FP + FN)
  double iou() const;  ///< TP / (TP + FP + FN)
  double accuracy() const;
};

/// How often each predicted class id met each label class id, pixel by pixel.
class Confusion {
 public:
  static constexpr std::uint8_t kUnknown = 255;
  Confusion() : counts_(256 * 256, 0) {}

  /// Adds pixels; those whose label is unknown are not counted, those whose label is known and whose
  /// prediction is unknown are counted as unmapped only.
  /// @param prediction, truth  class ids, 0 background, 255 unknown; equally long
  void add(std::span<const std::uint8_t> prediction, std::span<const std::uint8_t> truth);

  std::int64_t count(int predicted, int truth) const {
    return counts_[static_cast<std::size_t>(predicted * 256 + truth)];
  }
  std::int64_t unmapped() const { return unmapped_; }
  /// Class ids that occur in prediction or truth, ascending; 0 always.
  std::vector<int> classes() const;
  /// Any class id but 0 against background.
  BinaryCounts landslides() const;
  /// One class against all others.
  BinaryCounts of_class(int id) const;

 private:
  std::vector<std::int64_t> counts_;  ///< [256 predicted, 256 truth]
  std::int64_t unmapped_ = 0;
};

}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace scarp::pipelines {

/// Reliability of probabilities: in bins of equal width over [0, 1], the mean probability against the share
/// of events. Expected calibration error as in Naeini, Cooper & Hauskrecht (2015), "Obtaining Well Calibrated
/// Probabilities Using Bayesian Binning", here of the probability of one event (landslide), not of the most
/// probable class.
class CalibrationCurve {
 public:
  struct Bin {
    double confidence = 0;  ///< mean probability; 0 if empty
    double frequency = 0;   ///< share of events; 0 if empty
    std::int64_t pixels = 0;
  };

  /// @throws Error (usage) for bins < 1
  explicit CalibrationCurve(int bins = 15);

  /// @param probability  0..1; bin floor(p * bins), p = 1 in the last one
  void add(double probability, bool event, std::int64_t pixels = 1) {
    const int last = static_cast<int>(sums_.size()) - 1;
    const int index = probability >= 1 ? last : static_cast<int>(probability * (last + 1));
    Sum& sum = sums_[static_cast<std::size_t>(index)];
    sum.probability += probability * static_cast<double>(pixels);
    sum.events += event ? pixels : 0;
    sum.pixels += pixels;
  }

  /// Adds `times` times what another curve with as many bins holds.
  void add(const CalibrationCurve& other, std::int64_t times);

  std::int64_t pixels() const;
  std::vector<Bin> bins() const;
  /// Mean of |confidence - frequency| weighted by pixels; 0 if there are none.
  double expected_error() const;

 private:
  struct Sum {
    double probability = 0;
    std::int64_t events = 0;
    std::int64_t pixels = 0;
  };
  std::vector<Sum> sums_;
};

}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace scarp::vector {

/// A sum of numbers in steps of 2^-40, in integers: however they are grouped, it is the same, bit for bit. A
/// float between 2^-16 and 2^20 in size is held exactly, what is smaller to 2^-41.
class ExactSum {
 public:
  /// @param value  finite; taken as if it were between -2^20 and 2^20
  void add(double value) {
    constexpr double kMost = 1 << 20;
    steps_ += std::llrint(std::clamp(value, -kMost, kMost) * kSteps);
  }
  void merge(const ExactSum& other) { steps_ += other.steps_; }
  double value() const { return static_cast<double>(steps_) / kSteps; }
  bool operator==(const ExactSum&) const = default;

 private:
  static constexpr double kSteps = static_cast<double>(std::int64_t{1} << 40);
  __extension__ typedef __int128 Steps;
  Steps steps_ = 0;
};

}  // namespace scarp::vector

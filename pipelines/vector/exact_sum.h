// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

namespace scarp::vector {

/// A sum of numbers in steps of 2^-40, in integers: however they are grouped, it is the same, bit for bit. A
/// float between 2^-16 and 2^10 in size is held exactly, what is smaller to 2^-41.
class ExactSum {
 public:
  /// @param value  a number; taken as if it were between -2^10 and 2^10
  /// @return it in steps; 4096 of them fit into their type together
  static std::int64_t steps(double value) {
    // A double of this size has a last bit that is worth one step: adding it rounds to steps.
    constexpr double kLastBitIsAStep = 6144;
    constexpr double kMost = 1024;
    const double kept = std::min(std::max(value, -kMost), kMost) + kLastBitIsAStep;
    return std::bit_cast<std::int64_t>(kept) - std::bit_cast<std::int64_t>(kLastBitIsAStep);
  }
  void add_steps(std::int64_t count) { steps_ += count; }
  void add(double value) { add_steps(steps(value)); }
  void merge(const ExactSum& other) { steps_ += other.steps_; }
  double value() const { return static_cast<double>(steps_) / kSteps; }
  bool operator==(const ExactSum&) const = default;

 private:
  static constexpr double kSteps = static_cast<double>(std::int64_t{1} << 40);
  __extension__ typedef __int128 Steps;
  Steps steps_ = 0;
};

}  // namespace scarp::vector

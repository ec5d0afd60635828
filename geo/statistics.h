// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace scarp::geo {

/// Count, mean, deviation, minimum and maximum of a stream of values in one pass (Welford 1962; merged as
/// Chan et al. 1979).
class RunningStatistics {
 public:
  void add(std::span<const float> values, std::span<const std::uint8_t> valid);
  void merge(const RunningStatistics& other);

  std::int64_t count() const { return count_; }
  double mean() const { return mean_; }
  double deviation() const;  ///< population standard deviation; 0 for fewer than two values
  double minimum() const { return minimum_; }
  double maximum() const { return maximum_; }

 private:
  std::int64_t count_ = 0;
  double mean_ = 0;
  double squares_ = 0;
  double minimum_ = 0;
  double maximum_ = 0;
};

}  // namespace scarp::geo

// SPDX-License-Identifier: Apache-2.0
#include "geo/statistics.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "geo/error.h"

namespace scarp::geo {

void RunningStatistics::add(std::span<const float> values, std::span<const std::uint8_t> valid) {
  if (values.size() != valid.size()) {
    throw Error(Fault::bad_argument, std::to_string(values.size()) + " values come with " +
                                         std::to_string(valid.size()) +
                                         " validity flags; both must be as many");
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (valid[i] == 0) continue;
    const double value = values[i];
    minimum_ = count_ == 0 ? value : std::min(minimum_, value);
    maximum_ = count_ == 0 ? value : std::max(maximum_, value);
    ++count_;
    const double before = value - mean_;
    mean_ += before / static_cast<double>(count_);
    squares_ += before * (value - mean_);
  }
}

void RunningStatistics::merge(const RunningStatistics& other) {
  if (other.count_ == 0) return;
  if (count_ == 0) {
    *this = other;
    return;
  }
  const double mine = static_cast<double>(count_);
  const double theirs = static_cast<double>(other.count_);
  const double apart = other.mean_ - mean_;
  count_ += other.count_;
  mean_ += apart * theirs / (mine + theirs);
  squares_ += other.squares_ + apart * apart * mine * theirs / (mine + theirs);
  minimum_ = std::min(minimum_, other.minimum_);
  maximum_ = std::max(maximum_, other.maximum_);
}

double RunningStatistics::deviation() const {
  return count_ < 2 ? 0 : std::sqrt(squares_ / static_cast<double>(count_));
}

}  // namespace scarp::geo

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace scarp::cli {

/// At most one thing an interval of each name. Not for use by two threads at once.
class RateLimit {
 public:
  using Clock = std::chrono::steady_clock;
  explicit RateLimit(Clock::duration interval) : interval_(interval) {}

  /// True, and the interval begins anew, if the last one of this name is long enough ago.
  bool allows(const std::string& name, Clock::time_point now = Clock::now());

 private:
  Clock::duration interval_;
  std::map<std::string, Clock::time_point> last_;
};

/// Metrics at a bearable rate: what comes too soon is held back, and the last value is never lost.
class MetricLimit {
 public:
  explicit MetricLimit(RateLimit::Clock::duration interval) : limit_(interval) {}

  bool allows(const std::string& name, double value);
  /// The last value of each metric that was held back, ordered by name; then none is.
  std::vector<std::pair<std::string, double>> take_held();

 private:
  RateLimit limit_;
  std::map<std::string, double> held_;
};

}  // namespace scarp::cli

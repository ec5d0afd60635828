// SPDX-License-Identifier: Apache-2.0
#include "pipelines/cli/rate_limit.h"

namespace scarp::cli {

bool RateLimit::allows(const std::string& name, Clock::time_point now) {
  const auto [last, first_time] = last_.try_emplace(name, now);
  if (first_time) return true;
  if (now - last->second < interval_) return false;
  last->second = now;
  return true;
}

bool MetricLimit::allows(const std::string& name, double value) {
  if (limit_.allows(name)) {
    held_.erase(name);
    return true;
  }
  held_[name] = value;
  return false;
}

std::vector<std::pair<std::string, double>> MetricLimit::take_held() {
  std::vector<std::pair<std::string, double>> held(held_.begin(), held_.end());
  held_.clear();
  return held;
}

}  // namespace scarp::cli

// SPDX-License-Identifier: Apache-2.0
#include "nn/training/moving_average.h"

#include <algorithm>

#include "nn/training/parameter_average.h"

namespace scarp::nn {

double MovingAverage::decay_at(std::int64_t update_number) const {
  const auto number = static_cast<double>(update_number);
  return std::min(decay_, (1 + number) / (10 + number));
}

void MovingAverage::update(const DualBranchNetwork& leader, std::int64_t update_number) {
  average_parameters(*follower_, *leader, decay_at(update_number));
}

void MovingAverage::copy_statistics(const DualBranchNetwork& leader) {
  copy_buffers(*follower_, *leader);
}

}  // namespace scarp::nn

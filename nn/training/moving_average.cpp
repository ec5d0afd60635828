// SPDX-License-Identifier: Apache-2.0
#include "nn/training/moving_average.h"

#include <algorithm>

#include <torch/torch.h>

namespace scarp::nn {

void MovingAverage::update(const DualBranchNetwork& leader, std::int64_t update_number) {
  const torch::NoGradGuard no_grad;
  const auto number = static_cast<double>(update_number);
  const double decay = std::min(decay_, (1 + number) / (10 + number));
  at::_foreach_lerp_(follower_->parameters(), leader->parameters(), 1 - decay);
}

void MovingAverage::copy_statistics(const DualBranchNetwork& leader) {
  const torch::NoGradGuard no_grad;
  const auto from = leader->buffers();
  auto to = follower_->buffers();
  for (std::size_t i = 0; i < to.size(); ++i) to[i].copy_(from[i]);
}

}  // namespace scarp::nn

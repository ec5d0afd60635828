// SPDX-License-Identifier: Apache-2.0
#include "nn/segmentation/turned_views.h"

#include <cmath>

#include <torch/torch.h>

#include "nn/error.h"

namespace scarp::nn {

std::vector<Turn> views_of(int flips) {
  switch (flips) {
    case 1:
      return {{0, false}};
    case 2:
      return {{0, false}, {0, true}};
    case 4:
      return {{0, false}, {2, false}, {0, true}, {2, true}};
    case 8:
      return {{0, false}, {1, false}, {2, false}, {3, false}, {0, true}, {1, true}, {2, true}, {3, true}};
    default:
      throw Error(Fault::bad_argument,
                  "the number of flips must be 1, 2, 4 or 8, is " + std::to_string(flips));
  }
}

at::Tensor turn_pixels_back(const at::Tensor& planes, const Turn& turn) {
  const auto unmirrored = turn.mirror ? planes.flip({-1}) : planes;
  return turn.quarter_turns == 0 ? unmirrored : torch::rot90(unmirrored, -turn.quarter_turns, {-2, -1});
}

void ProbabilityMean::add(const at::Tensor& logits) {
  const auto log_probability = torch::log_softmax(logits, 1);
  log_sum_ = views_ == 0 ? log_probability : torch::logaddexp(log_sum_, log_probability);
  ++views_;
}

at::Tensor ProbabilityMean::log_mean() const {
  return log_sum_ - std::log(static_cast<double>(views_));
}

}  // namespace scarp::nn

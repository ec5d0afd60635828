// SPDX-License-Identifier: Apache-2.0
#include "nn/training/parameter_average.h"

#include <torch/torch.h>

namespace scarp::nn {

void average_parameters(torch::nn::Module& follower, const torch::nn::Module& leader, double decay) {
  const torch::NoGradGuard no_grad;
  at::_foreach_lerp_(follower.parameters(), leader.parameters(), 1 - decay);
}

namespace {

void copy(std::vector<at::Tensor> into, const std::vector<at::Tensor>& values) {
  const torch::NoGradGuard no_grad;
  TORCH_CHECK(into.size() == values.size(), "state of another network");
  if (!into.empty()) at::_foreach_copy_(into, values);
}

}  // namespace

void copy_buffers(torch::nn::Module& to, const torch::nn::Module& from) {
  copy(to.buffers(), from.buffers());
}

void copy_state(torch::nn::Module& to, const torch::nn::Module& from) {
  copy(to.parameters(), from.parameters());
  copy(to.buffers(), from.buffers());
}

}  // namespace scarp::nn

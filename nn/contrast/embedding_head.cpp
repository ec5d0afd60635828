// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/embedding_head.h"

#include <torch/torch.h>

namespace scarp::nn {

EmbeddingHeadImpl::EmbeddingHeadImpl(std::int64_t channels, std::int64_t width) {
  using torch::nn::Conv2dOptions;
  inner_ = register_module("inner", torch::nn::Conv2d(Conv2dOptions(channels, channels, 1)));
  norm_ = register_module("norm", torch::nn::BatchNorm2d(channels));
  outer_ = register_module("outer", torch::nn::Conv2d(Conv2dOptions(channels, width, 1)));
}

torch::Tensor EmbeddingHeadImpl::forward(const torch::Tensor& features) {
  const auto maps = outer_(torch::relu(norm_(inner_(features))));  // [B, width, h, w]
  return torch::nn::functional::normalize(maps.flatten(2).transpose(1, 2).to(torch::kFloat32),
                                          torch::nn::functional::NormalizeFuncOptions().dim(2));
}

}  // namespace scarp::nn

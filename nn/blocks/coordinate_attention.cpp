// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/coordinate_attention.h"

#include <algorithm>
#include <stdexcept>

#include <torch/torch.h>

#include "nn/torch/folding.h"

namespace scarp::nn {

void CoordinateAttentionOptions::check() const {
  if (channels <= 0)
    throw std::invalid_argument("CoordinateAttention: channels must be positive, is " +
                                std::to_string(channels));
  if (reduction <= 0)
    throw std::invalid_argument("CoordinateAttention: reduction must be positive, is " +
                                std::to_string(reduction));
}

CoordinateAttentionImpl::CoordinateAttentionImpl(const CoordinateAttentionOptions& given) : options(given) {
  options.check();
  const std::int64_t hidden = std::max<std::int64_t>(8, options.channels / options.reduction);
  const auto pointwise = [](std::int64_t in, std::int64_t out) {
    return torch::nn::Conv2dOptions(in, out, 1);
  };
  conv1_ = register_module("conv1", torch::nn::Conv2d(pointwise(options.channels, hidden)));
  bn1_ = register_module("bn1", torch::nn::BatchNorm2d(hidden));
  conv_h_ = register_module("conv_h", torch::nn::Conv2d(pointwise(hidden, options.channels)));
  conv_w_ = register_module("conv_w", torch::nn::Conv2d(pointwise(hidden, options.channels)));
}

torch::Tensor CoordinateAttentionImpl::forward(const torch::Tensor& x) {
  const Gates gate = gates(x);
  return x * gate.cols * gate.rows;
}

CoordinateAttentionImpl::Gates CoordinateAttentionImpl::gates(const torch::Tensor& x) {
  TORCH_CHECK(x.dim() == 4 && x.size(1) == options.channels, "CoordinateAttention: expected [B, ",
              options.channels, ", H, W], got ", x.sizes());
  const auto rows = x.mean(3, /*keepdim=*/true);                                          // [B, C, H, 1]
  const auto cols = x.mean(2, /*keepdim=*/true).transpose(2, 3);                          // [B, C, W, 1]
  const auto both = torch::hardswish(normed(bn1_, conv1_(torch::cat({rows, cols}, 2))));  // [B, m, H + W, 1]
  const auto parts = both.split_with_sizes({x.size(2), x.size(3)}, 2);
  return {torch::sigmoid(conv_h_(parts[0])), torch::sigmoid(conv_w_(parts[1].transpose(2, 3)))};
}

void CoordinateAttentionImpl::fold_norms() {
  fold(conv1_, bn1_);
}

}  // namespace scarp::nn

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

// The norm needs all cells, what comes after it only those that are asked for.
torch::Tensor EmbeddingHeadImpl::forward(const torch::Tensor& features, const torch::Tensor& cells) {
  const auto hidden = torch::relu(norm_(inner_(features)));  // [B, C, h, w]
  const std::int64_t area = hidden.size(2) * hidden.size(3);
  const auto first = torch::arange(cells.size(0), cells.options()).unsqueeze(1) * area;  // of each sample
  const auto flat = hidden.permute({0, 2, 3, 1}).reshape({-1, hidden.size(1)});          // [B * h * w, C]
  const auto chosen = flat.index_select(0, (cells + first).flatten());                   // [B * rows, C]
  const auto rows = torch::linear(chosen, outer_->weight.flatten(1), outer_->bias);
  return torch::nn::functional::normalize(rows.to(torch::kFloat32),
                                          torch::nn::functional::NormalizeFuncOptions().dim(1));
}

}  // namespace scarp::nn

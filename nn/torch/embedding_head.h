// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

namespace scarp::nn {

/// Features to embeddings, for training only: 1 x 1 convolution, batch norm, ReLU, 1 x 1 convolution, brought
/// to length 1. Source: Wang et al., "Exploring Cross-Image Pixel Contrast for Semantic Segmentation" (ICCV
/// 2021), section 3.2.
class EmbeddingHeadImpl : public torch::nn::Module {
 public:
  EmbeddingHeadImpl(std::int64_t channels, std::int64_t width);
  /// @param features [B, channels, h, w]
  /// @param cells    [B, rows] int64: places in each sample's h x w, row-major; of the first samples, if of
  ///                 fewer
  /// @return [B * rows, width] float, of length 1: the embeddings of these cells; the norm's statistics are
  ///         those of all
  torch::Tensor forward(const torch::Tensor& features, const torch::Tensor& cells);

 private:
  torch::nn::Conv2d inner_{nullptr};
  torch::nn::BatchNorm2d norm_{nullptr};
  torch::nn::Conv2d outer_{nullptr};
};
TORCH_MODULE(EmbeddingHead);

}  // namespace scarp::nn

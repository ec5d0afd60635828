// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

namespace scarp::nn {

struct CoordinateAttentionOptions {
  std::int64_t channels = 0;    ///< C of the incoming map; required, > 0
  std::int64_t reduction = 32;  ///< r of the paper; hidden width is max(8, C / r)
  void check() const;           ///< @throws std::invalid_argument naming the first field out of range
};

/// Gates a feature map by where its energy lies along each axis.
/// Source: Hou, Zhou, Feng, "Coordinate Attention for Efficient Mobile Network Design", CVPR 2021,
/// section 3.2. There is no residual sum inside: an untrained gate scales features by about a quarter.
class CoordinateAttentionImpl : public torch::nn::Module {
 public:
  explicit CoordinateAttentionImpl(const CoordinateAttentionOptions& options);

  /// @param x  [B, C, H, W], any floating type; C must equal `options.channels`
  /// @return   [B, C, H, W], same type and device
  /// @throws c10::Error if x is not of that shape
  torch::Tensor forward(const torch::Tensor& x);
  /// What `forward` multiplies by: how much each row and each column passes, 0..1.
  struct Gates {
    torch::Tensor rows;  ///< [B, C, H, 1]
    torch::Tensor cols;  ///< [B, C, 1, W]
  };
  Gates gates(const torch::Tensor& x);
  void fold_norms();  ///< for inference only

  CoordinateAttentionOptions options;

 private:
  torch::nn::Conv2d conv1_{nullptr};
  torch::nn::BatchNorm2d bn1_{nullptr};
  torch::nn::Conv2d conv_h_{nullptr};
  torch::nn::Conv2d conv_w_{nullptr};
};
TORCH_MODULE(CoordinateAttention);

}  // namespace scarp::nn

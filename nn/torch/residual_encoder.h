// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include "nn/torch/feature_encoder.h"

namespace scarp::nn {

/// `channels` times `width`, rounded to a multiple of eight, at least eight.
std::int64_t scaled_channels(std::int64_t channels, double width);

/// A residual network without its classifier: features at strides 2, 4, 8, 16, 32.
/// Source: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, table 1; the
/// stride of a bottleneck lies on its 3 x 3 convolution.
class ResidualEncoderImpl : public FeatureEncoder {
 public:
  /// @param width  factor on the channels 64, 64, 128, 256, 512 (four times the last four in ResNet-50), at
  /// least 16
  ResidualEncoderImpl(EncoderShape shape, double width, std::int64_t in_channels);

  std::vector<torch::Tensor> forward(const torch::Tensor& x, std::size_t levels = kEncoderLevels) override;
  void fold_norms() override;
  const std::vector<std::int64_t>& channels() const override { return channels_; }

 private:
  torch::nn::Sequential make_stage(EncoderShape shape,
                                   std::int64_t in,
                                   std::int64_t planes,
                                   int blocks,
                                   int stride);

  torch::nn::Conv2d conv1_{nullptr};
  torch::nn::BatchNorm2d bn1_{nullptr};
  std::vector<torch::nn::Sequential> stages_;
  std::vector<std::int64_t> channels_;
};
TORCH_MODULE(ResidualEncoder);

}  // namespace scarp::nn

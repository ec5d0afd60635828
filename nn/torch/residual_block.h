// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

namespace scarp::nn {

/// Two 3 x 3 convolutions around which the input is added. [B, in, H, W] -> [B, planes, H / stride, W /
/// stride]. Source: He et al., CVPR 2016, figure 5 left.
class BasicBlockImpl : public torch::nn::Module {
 public:
  BasicBlockImpl(std::int64_t in, std::int64_t planes, int stride);
  torch::Tensor forward(const torch::Tensor& x);
  void fold_norms();  ///< for inference only

 private:
  torch::nn::Conv2d conv1_{nullptr}, conv2_{nullptr};
  torch::nn::BatchNorm2d bn1_{nullptr}, bn2_{nullptr};
  torch::nn::Sequential downsample_{nullptr};
};
TORCH_MODULE(BasicBlock);

/// 1 x 1, 3 x 3, 1 x 1 with four times the channels at the end. [B, in, H, W] -> [B, 4 planes, H / stride, W
/// / stride]. Source: He et al., CVPR 2016, figure 5 right.
class BottleneckImpl : public torch::nn::Module {
 public:
  static constexpr std::int64_t kExpansion = 4;
  BottleneckImpl(std::int64_t in, std::int64_t planes, int stride);
  torch::Tensor forward(const torch::Tensor& x);
  void fold_norms();  ///< for inference only

 private:
  torch::nn::Conv2d conv1_{nullptr}, conv2_{nullptr}, conv3_{nullptr};
  torch::nn::BatchNorm2d bn1_{nullptr}, bn2_{nullptr}, bn3_{nullptr};
  torch::nn::Sequential downsample_{nullptr};
};
TORCH_MODULE(Bottleneck);

/// A square convolution without bias, padded so that stride 1 keeps the size: a batch norm follows it.
torch::nn::Conv2d plain_convolution(std::int64_t in, std::int64_t out, int kernel, int stride = 1);

}  // namespace scarp::nn

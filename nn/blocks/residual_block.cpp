// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/residual_block.h"

#include <torch/torch.h>

#include "nn/torch/folding.h"

namespace scarp::nn {
namespace {

// The short cut where the shapes differ; empty where they do not.
torch::nn::Sequential projection(std::int64_t in, std::int64_t out, int stride) {
  if (in == out && stride == 1) return nullptr;
  return torch::nn::Sequential(plain_convolution(in, out, 1, stride), torch::nn::BatchNorm2d(out));
}

}  // namespace

torch::nn::Conv2d plain_convolution(std::int64_t in, std::int64_t out, int kernel, int stride) {
  return torch::nn::Conv2d(
      torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false));
}

BasicBlockImpl::BasicBlockImpl(std::int64_t in, std::int64_t planes, int stride) {
  conv1_ = register_module("conv1", plain_convolution(in, planes, 3, stride));
  bn1_ = register_module("bn1", torch::nn::BatchNorm2d(planes));
  conv2_ = register_module("conv2", plain_convolution(planes, planes, 3));
  bn2_ = register_module("bn2", torch::nn::BatchNorm2d(planes));
  downsample_ = projection(in, planes, stride);
  if (!downsample_.is_empty()) register_module("downsample", downsample_);
}

torch::Tensor BasicBlockImpl::forward(const torch::Tensor& x) {
  const auto shortcut = downsample_.is_empty() ? x : downsample_->forward(x);
  const auto y = normed(bn1_, conv1_(x)).relu_();
  return normed(bn2_, conv2_(y)).add_(shortcut).relu_();
}

void BasicBlockImpl::fold_norms() {
  fold(conv1_, bn1_);
  fold(conv2_, bn2_);
  fold(downsample_);
}

BottleneckImpl::BottleneckImpl(std::int64_t in, std::int64_t planes, int stride) {
  conv1_ = register_module("conv1", plain_convolution(in, planes, 1));
  bn1_ = register_module("bn1", torch::nn::BatchNorm2d(planes));
  conv2_ = register_module("conv2", plain_convolution(planes, planes, 3, stride));
  bn2_ = register_module("bn2", torch::nn::BatchNorm2d(planes));
  conv3_ = register_module("conv3", plain_convolution(planes, kExpansion * planes, 1));
  bn3_ = register_module("bn3", torch::nn::BatchNorm2d(kExpansion * planes));
  downsample_ = projection(in, kExpansion * planes, stride);
  if (!downsample_.is_empty()) register_module("downsample", downsample_);
}

torch::Tensor BottleneckImpl::forward(const torch::Tensor& x) {
  const auto shortcut = downsample_.is_empty() ? x : downsample_->forward(x);
  auto y = normed(bn1_, conv1_(x)).relu_();
  y = normed(bn2_, conv2_(y)).relu_();
  return normed(bn3_, conv3_(y)).add_(shortcut).relu_();
}

void BottleneckImpl::fold_norms() {
  fold(conv1_, bn1_);
  fold(conv2_, bn2_);
  fold(conv3_, bn3_);
  fold(downsample_);
}

}  // namespace scarp::nn

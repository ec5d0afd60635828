// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/residual_encoder.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <torch/torch.h>

#include "nn/torch/folding.h"
#include "nn/torch/residual_block.h"

namespace scarp::nn {
namespace {

std::array<int, 4> blocks_of(EncoderShape shape) {
  return shape == EncoderShape::resnet18 ? std::array<int, 4>{2, 2, 2, 2} : std::array<int, 4>{3, 4, 6, 3};
}

}  // namespace

std::int64_t scaled_channels(std::int64_t channels, double width) {
  return std::max<std::int64_t>(8, 8 * std::llround(static_cast<double>(channels) * width / 8));
}

namespace {

// oneDNN of LibTorch 2.11 writes beyond its memory in the backward pass of a strided 1 x 1 convolution of
// fewer channels.
constexpr std::int64_t kFewestEncoderChannels = 16;

std::int64_t encoder_channels(std::int64_t channels, double width) {
  return std::max(kFewestEncoderChannels, scaled_channels(channels, width));
}

}  // namespace

std::vector<std::int64_t> channels_of_levels(EncoderShape shape, double width) {
  std::vector<std::int64_t> channels = {encoder_channels(64, width)};
  for (const std::int64_t planes : {64, 128, 256, 512})
    channels.push_back(encoder_channels(planes, width) *
                       (shape == EncoderShape::resnet50 ? BottleneckImpl::kExpansion : 1));
  return channels;
}

ResidualEncoderImpl::ResidualEncoderImpl(EncoderShape shape, double width, std::int64_t in_channels) {
  channels_ = channels_of_levels(shape, width);
  conv1_ = register_module("conv1", plain_convolution(in_channels, channels_[0], 7, 2));
  bn1_ = register_module("bn1", torch::nn::BatchNorm2d(channels_[0]));
  const auto blocks = blocks_of(shape);
  for (std::size_t stage = 0; stage < blocks.size(); ++stage) {
    const std::int64_t planes = encoder_channels(64LL << stage, width);
    stages_.push_back(
        register_module("layer" + std::to_string(stage + 1),
                        make_stage(shape, channels_[stage], planes, blocks[stage], stage == 0 ? 1 : 2)));
  }
}

torch::nn::Sequential ResidualEncoderImpl::make_stage(EncoderShape shape,
                                                      std::int64_t in,
                                                      std::int64_t planes,
                                                      int blocks,
                                                      int stride) {
  torch::nn::Sequential stage;
  for (int block = 0; block < blocks; ++block) {
    const int step = block == 0 ? stride : 1;
    if (shape == EncoderShape::resnet50) {
      stage->push_back(Bottleneck(in, planes, step));
      in = BottleneckImpl::kExpansion * planes;
    } else {
      stage->push_back(BasicBlock(in, planes, step));
      in = planes;
    }
  }
  return stage;
}

std::vector<torch::Tensor> ResidualEncoderImpl::forward(const torch::Tensor& x, std::size_t levels) {
  std::vector<torch::Tensor> features;
  features.push_back(normed(bn1_, conv1_(x)).relu_());  // [B, 64w, H/2, W/2]
  if (levels == 1) return features;
  auto y = torch::max_pool2d(features.back(), /*kernel_size=*/3, /*stride=*/2, /*padding=*/1);
  for (std::size_t stage = 0; stage + 1 < levels; ++stage)  // strides 4, 8, 16, 32
    features.push_back(y = stages_.at(stage)->forward(y));
  return features;
}

void ResidualEncoderImpl::fold_norms() {
  fold(conv1_, bn1_);
  for (auto& stage : stages_) {
    for (const auto& block : stage->children()) {
      if (auto* basic = block->as<BasicBlock>()) basic->fold_norms();
      if (auto* bottleneck = block->as<Bottleneck>()) bottleneck->fold_norms();
    }
  }
}

}  // namespace scarp::nn

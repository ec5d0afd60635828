// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/transformer_pyramid.h"

#include <algorithm>

#include <torch/torch.h>

#include "nn/torch/folding.h"
#include "nn/torch/residual_block.h"

namespace scarp::nn {
namespace {

constexpr std::int64_t kFewestChannels = 16;  // of what is brought up

VisionTransformerOptions trunk_options(const BackboneShape& shape) {
  VisionTransformerOptions options;
  options.patch = shape.patch;
  options.grid = {shape.grid, shape.grid};
  options.width = shape.width;
  options.depth = shape.depth;
  options.heads = shape.heads;
  options.positions = shape.learned_positions ? PositionKind::learned : PositionKind::fixed;
  options.ground_ratio = shape.ground_ratio;
  options.attention = AttentionPath::fused;  // maps of thousands of tokens
  return options;
}

void push_doubling(torch::nn::Sequential& row, std::int64_t in, std::int64_t out) {
  row->push_back(
      torch::nn::ConvTranspose2d(torch::nn::ConvTranspose2dOptions(in, out, 2).stride(2).bias(false)));
  row->push_back(torch::nn::BatchNorm2d(out));
  row->push_back(torch::nn::GELU());
}

// From the map of stride `patch` to `out` channels at `stride`.
torch::nn::Sequential level_of(std::int64_t in, std::int64_t patch, std::int64_t stride, std::int64_t out) {
  torch::nn::Sequential row;
  if (stride > patch) row->push_back(torch::nn::MaxPool2d(stride / patch));
  for (; patch > stride; patch /= 2) {
    const std::int64_t half = std::max(kFewestChannels, in / 2);
    push_doubling(row, in, half);
    in = half;
  }
  row->push_back(plain_convolution(in, out, 1));
  row->push_back(torch::nn::BatchNorm2d(out));
  row->push_back(plain_convolution(out, out, 3));
  row->push_back(torch::nn::BatchNorm2d(out));
  row->push_back(torch::nn::ReLU(torch::nn::ReLUOptions(true)));
  return row;
}

}  // namespace

TransformerPyramidImpl::TransformerPyramidImpl(const BackboneShape& shape,
                                               const PyramidPlanes& planes,
                                               EncoderShape encoder,
                                               double width)
    : backbone(shape), planes_(planes), channels_(channels_of_levels(encoder, width)) {
  backbone.check();
  VisionTransformerOptions options = trunk_options(backbone);
  std::vector<std::int64_t> counts;
  for (const PlaneRange& group : planes_.groups) counts.push_back(group.count);
  if (backbone.grouped) {
    grouped_ =
        register_module("trunk", GroupEncoder(GroupEncoderOptions{options, counts, planes_.first_group}));
  } else {
    options.channels = 0;
    for (const std::int64_t count : counts) options.channels += count;
    plain_ = register_module("trunk", VisionTransformer(options));
  }
  const auto maps = backbone.grouped ? static_cast<std::int64_t>(counts.size()) : 1;
  for (std::size_t level = 0; level < channels_.size(); ++level) {
    const std::int64_t stride = std::int64_t{2} << level;
    levels_.push_back(
        register_module("level" + std::to_string(stride),
                        level_of(maps * backbone.width, backbone.patch, stride, channels_[level])));
  }
}

torch::nn::Module& TransformerPyramidImpl::trunk() {
  if (backbone.grouped) return *grouped_;
  return *plain_;
}

void TransformerPyramidImpl::freeze() {
  frozen_ = true;
  trunk().eval();
  for (auto& parameter : trunk().parameters()) parameter.set_requires_grad(false);
}

void TransformerPyramidImpl::train(bool on) {
  FeatureEncoder::train(on);
  if (frozen_) trunk().eval();
}

void TransformerPyramidImpl::set_attention(AttentionPath path) {
  nn::set_attention(trunk(), path);
}

torch::Tensor TransformerPyramidImpl::tokens(const torch::Tensor& x) {
  const at::AutoGradMode gradient(at::GradMode::is_enabled() && !frozen_);
  std::vector<torch::Tensor> images;
  for (const PlaneRange& group : planes_.groups) images.push_back(x.narrow(1, group.first, group.count));
  const auto all = backbone.grouped ? grouped_(images) : plain_->forward_features(torch::cat(images, 1));
  return all.narrow(1, 1, all.size(1) - 1);
}

torch::Tensor TransformerPyramidImpl::last_map(const torch::Tensor& x) {
  const std::int64_t rows = x.size(2) / backbone.patch, cols = x.size(3) / backbone.patch;
  const auto all = tokens(x);
  const std::int64_t maps = all.size(1) / (rows * cols);
  return all.reshape({x.size(0), maps, rows, cols, backbone.width})
      .permute({0, 1, 4, 2, 3})
      .reshape({x.size(0), maps * backbone.width, rows, cols})
      .contiguous(at::MemoryFormat::ChannelsLast);
}

std::vector<torch::Tensor> TransformerPyramidImpl::forward(const torch::Tensor& x, std::size_t levels) {
  const auto map = last_map(x);
  std::vector<torch::Tensor> features;
  for (std::size_t level = 0; level < levels; ++level) features.push_back(levels_.at(level)->forward(map));
  return features;
}

void TransformerPyramidImpl::fold_norms() {
  for (auto& level : levels_) fold(level);
}

}  // namespace scarp::nn

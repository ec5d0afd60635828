// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/group_encoder.h"

#include <torch/torch.h>

#include "nn/torch/grouped_autoencoder.h"

namespace scarp::nn {

GroupEncoderImpl::GroupEncoderImpl(const GroupEncoderOptions& given) : options(given) {
  const VisionTransformerOptions& encoder = options.encoder;
  TORCH_CHECK(!options.channels.empty() && options.first >= 0 &&
                  options.first + static_cast<std::int64_t>(options.channels.size()) <= kChannelGroups,
              "GroupEncoder: there are only ", kChannelGroups, " groups");
  cls_token_ = register_parameter("cls_token", torch::zeros({1, 1, encoder.width}));
  patch_embed_ = register_module("patch_embed", torch::nn::ModuleList());
  for (const std::int64_t channels : options.channels)
    patch_embed_->push_back(PatchProjection(channels, encoder.patch, encoder.width));
  blocks_ = register_module("blocks", torch::nn::ModuleList());
  for (std::int64_t i = 0; i < encoder.depth; ++i) blocks_->push_back(TransformerBlock(encoder.block(i)));
  norm_ = register_module(
      "norm", torch::nn::LayerNorm(torch::nn::LayerNormOptions({encoder.width}).eps(encoder.epsilon)));
}

torch::Tensor GroupEncoderImpl::forward(const std::vector<torch::Tensor>& images) {
  TORCH_CHECK(images.size() == options.channels.size(), "GroupEncoder: expected ", options.channels.size(),
              " groups of channels, got ", images.size());
  const std::int64_t patch = options.encoder.patch;
  const PatchGrid grid = {images[0].size(2) / patch, images[0].size(3) / patch};
  std::vector<torch::Tensor> tokens;
  for (std::size_t g = 0; g < images.size(); ++g) {
    const auto patches = patches_of(images[g], patch, PatchOrder::channel_first);
    tokens.push_back(patch_embed_[g]->as<PatchProjection>()->forward(patches));
  }
  const auto places =
      grouped_positions(options.encoder.width, 0, grid, kChannelGroups, options.encoder.ground_ratio)
          .narrow(0, options.first * grid.patches(),
                  static_cast<std::int64_t>(images.size()) * grid.patches())
          .to(cls_token_.options());
  const auto all = torch::cat(tokens, 1);
  const auto first = cls_token_.expand({all.size(0), 1, -1}).to(all.scalar_type());
  auto x = torch::cat({first, all + places}, 1);
  for (const auto& block : *blocks_) x = block->as<TransformerBlock>()->forward(x);
  return norm_(x);
}

}  // namespace scarp::nn

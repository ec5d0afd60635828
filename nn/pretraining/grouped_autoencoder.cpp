// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/grouped_autoencoder.h"

#include <algorithm>
#include <stdexcept>

#include <torch/torch.h>

#include "nn/error.h"

namespace scarp::nn {

namespace {

std::int64_t group_part(const GroupedAutoencoderOptions& options, std::int64_t width) {
  const std::int64_t wanted = options.group_width > 0 ? options.group_width : options.encoder.width / 4;
  return std::max<std::int64_t>(4, wanted * width / options.encoder.width / 4 * 4);
}

MaskedAutoencoderOptions as_plain(const GroupedAutoencoderOptions& options) {
  MaskedAutoencoderOptions plain;
  plain.encoder = options.encoder;
  plain.encoder.positions = PositionKind::fixed;
  plain.decoder_width = options.decoder_width;
  plain.decoder_depth = options.decoder_depth;
  plain.decoder_heads = options.decoder_heads;
  plain.mask_ratio = options.mask_ratio;
  return plain;
}

torch::nn::LayerNorm norm_of(std::int64_t width, double epsilon) {
  return torch::nn::LayerNorm(torch::nn::LayerNormOptions({width}).eps(epsilon));
}

}  // namespace

torch::Tensor grouped_positions(std::int64_t width,
                                std::int64_t group_width,
                                PatchGrid grid,
                                std::int64_t groups,
                                double ground_ratio) {
  if (group_width == 0) group_width = std::max<std::int64_t>(4, width / 16 * 4);
  const auto place = sincos_positions(width - group_width, grid, ground_ratio).narrow(0, 1, grid.patches());
  const auto number =
      sincos_positions(2 * group_width, {1, groups}).narrow(0, 1, groups).narrow(1, 0, group_width);
  const std::vector<std::int64_t> rows = {groups, grid.patches(), -1};
  return torch::cat({place.unsqueeze(0).expand(rows), number.unsqueeze(1).expand(rows)}, 2).flatten(0, 1);
}

void GroupedAutoencoderOptions::check() const {
  as_plain(*this).check();
  const auto refuse = [](const std::string& what) {
    throw std::invalid_argument("grouped autoencoder: " + what);
  };
  if (groups.empty()) refuse("there must be at least one group of channels");
  for (const ChannelGroup& group : groups) {
    if (group.channels < 1) refuse("group " + group.name + " must have at least one channel");
    if (!(group.variance_floor > 0)) refuse("group " + group.name + ": variance_floor must be positive");
    if (!(group.loss_weight >= 0)) refuse("group " + group.name + ": loss_weight must be at least 0");
  }
  if (group_width < 0 || group_width > encoder.width / 2 || group_width % 4 != 0)
    refuse("group_width must be a multiple of 4 up to half the width, is " + std::to_string(group_width));
}

GroupedAutoencoderImpl::GroupedAutoencoderImpl(const GroupedAutoencoderOptions& given) : options(given) {
  options.check();
  const VisionTransformerOptions& encoder = options.encoder;
  const MaskedAutoencoderOptions plain = as_plain(options);
  cls_token_ = register_parameter("cls_token", torch::zeros({1, 1, encoder.width}));
  mask_token_ = register_parameter("mask_token", torch::zeros({1, 1, options.decoder_width}));
  patch_embed_ = register_module("patch_embed", torch::nn::ModuleList());
  blocks_ = register_module("blocks", torch::nn::ModuleList());
  for (std::int64_t i = 0; i < encoder.depth; ++i) blocks_->push_back(TransformerBlock(encoder.block(i)));
  norm_ = register_module("norm", norm_of(encoder.width, encoder.epsilon));
  decoder_embed_ = register_module("decoder_embed", torch::nn::Linear(encoder.width, options.decoder_width));
  decoder_blocks_ =
      register_module("decoder_blocks", transformer_blocks(options.decoder_depth, plain.decoder_block()));
  decoder_norm_ = register_module("decoder_norm", norm_of(options.decoder_width, encoder.epsilon));
  decoder_pred_ = register_module("decoder_pred", torch::nn::ModuleList());
  for (const ChannelGroup& group : options.groups) {
    patch_embed_->push_back(PatchProjection(group.channels, encoder.patch, encoder.width));
    decoder_pred_->push_back(
        torch::nn::Linear(options.decoder_width, encoder.patch * encoder.patch * group.channels));
  }
}

torch::Tensor GroupedAutoencoderImpl::places(PatchGrid grid, std::int64_t width) const {
  return grouped_positions(width, group_part(options, width), grid, groups(), options.encoder.ground_ratio)
      .to(cls_token_.options());
}

PatchGrid GroupedAutoencoderImpl::grid_of(const std::vector<torch::Tensor>& images) const {
  TORCH_CHECK(images.size() == options.groups.size(), "grouped autoencoder: expected ", options.groups.size(),
              " groups of channels, got ", images.size());
  for (std::size_t g = 0; g < images.size(); ++g) {
    TORCH_CHECK(images[g].dim() == 4 && images[g].size(1) == options.groups[g].channels &&
                    images[g].size(2) == images[0].size(2) && images[g].size(3) == images[0].size(3) &&
                    images[g].size(2) % options.encoder.patch == 0 &&
                    images[g].size(3) % options.encoder.patch == 0,
                "grouped autoencoder: group ", options.groups[g].name, " has shape ", images[g].sizes());
  }
  return {images[0].size(2) / options.encoder.patch, images[0].size(3) / options.encoder.patch};
}

torch::Tensor GroupedAutoencoderImpl::whole_patches(const torch::Tensor& valid_pixels) const {
  return patches_of(valid_pixels.unsqueeze(1), options.encoder.patch, PatchOrder::channel_last).all(-1);
}

GroupedMasking GroupedAutoencoderImpl::mask(const torch::Tensor& noise,
                                            const torch::Tensor& valid,
                                            const torch::Tensor& dropped) const {
  TORCH_CHECK(valid.dim() == 3 && noise.dim() == 2 && noise.size(1) == valid.size(1) * valid.size(2),
              "grouped autoencoder: expected noise [N, G * L] and valid [N, G, L], got ", noise.sizes(),
              " and ", valid.sizes());
  const auto usable = valid.flatten(1);
  const auto fewest = usable.sum(1).min().item<std::int64_t>();
  if (fewest < 1)
    throw Error(Fault::bad_argument,
                "an image has not one patch without missing data: draw windows with more ground");
  auto ranked = noise + 4 * usable.logical_not().to(noise.scalar_type());
  if (dropped.defined())
    ranked = ranked + 2 * dropped.unsqueeze(-1).expand_as(valid).flatten(1).to(noise.scalar_type());
  const std::int64_t kept = std::min(fewest, kept_patches(noise.size(1), options.mask_ratio));
  return {{ranked.argsort(/*stable=*/true, /*dim=*/1), kept}, valid};
}

torch::Tensor GroupedAutoencoderImpl::encode(const std::vector<torch::Tensor>& images,
                                             const GroupedMasking& masking) {
  const PatchGrid grid = grid_of(images);
  std::vector<torch::Tensor> tokens;
  for (std::size_t g = 0; g < images.size(); ++g) {
    const auto whole = masking.valid.select(1, static_cast<std::int64_t>(g)).unsqueeze(-1);
    const auto patches =
        patches_of(images[g], options.encoder.patch, PatchOrder::channel_first).where(whole, 0);
    tokens.push_back(patch_embed_[g]->as<PatchProjection>()->forward(patches));
  }
  const auto all = torch::cat(tokens, 1) + places(grid, options.encoder.width);
  auto x = torch::cat({cls_token_.expand({all.size(0), 1, -1}), rows_at(all, masking.masking.visible())}, 1);
  for (const auto& block : *blocks_) x = block->as<TransformerBlock>()->forward(x);
  return norm_(x);
}

std::vector<torch::Tensor> GroupedAutoencoderImpl::reconstruct(const std::vector<torch::Tensor>& images,
                                                               const GroupedMasking& masking) {
  const PatchGrid grid = grid_of(images);
  const std::int64_t batch = images[0].size(0), patches = grid.patches(), all = groups() * patches;
  const auto seen = decoder_embed_(encode(images, masking));
  const auto hidden = mask_token_.expand({batch, all - masking.masking.kept, -1});
  const auto cells = places(grid, options.decoder_width).expand({batch, all, options.decoder_width});
  const auto tokens = torch::cat({seen.narrow(1, 1, masking.masking.kept), hidden}, 1) +
                      rows_at(cells, masking.masking.order);
  auto x = torch::cat({seen.narrow(1, 0, 1), tokens}, 1);
  for (const auto& block : *decoder_blocks_) x = block->as<TransformerBlock>()->forward(x);
  const auto read = rows_at(decoder_norm_(x).narrow(1, 1, all), masking.masking.restore());
  std::vector<torch::Tensor> predicted;
  for (std::int64_t g = 0; g < groups(); ++g) {
    auto* head = decoder_pred_[static_cast<std::size_t>(g)]->as<torch::nn::Linear>();
    predicted.push_back(head->forward(read.narrow(1, g * patches, patches)));
  }
  return predicted;
}

torch::Tensor GroupedAutoencoderImpl::targets(const torch::Tensor& image, const ChannelGroup& group) const {
  const auto patches = patches_of(image, options.encoder.patch, PatchOrder::channel_last);
  if (!options.normalise_targets) return patches;
  const auto [variance, mean] = torch::var_mean(patches, /*dim=*/-1, /*unbiased=*/true, /*keepdim=*/true);
  return (patches - mean) / (variance + group.variance_floor).sqrt();
}

GroupedLoss GroupedAutoencoderImpl::forward(const std::vector<torch::Tensor>& images,
                                            const GroupedMasking& masking) {
  const auto predicted = reconstruct(images, masking);
  const auto counted = masking.masking.removed().view(masking.valid.sizes()) & masking.valid;
  GroupedLoss loss;
  for (std::size_t g = 0; g < predicted.size(); ++g) {
    const auto counts = counted.select(1, static_cast<std::int64_t>(g));
    const auto wanted = targets(images[g], options.groups[g]);
    const auto each = patch_losses(predicted[g], wanted.where(counts.unsqueeze(-1), predicted[g].detach()));
    loss.groups.push_back(each.where(counts, 0).sum() / counts.sum().clamp_min(1));
    const auto term = options.groups[g].loss_weight * loss.groups.back();
    loss.total = loss.total.defined() ? loss.total + term : term;
  }
  return loss;
}

}  // namespace scarp::nn

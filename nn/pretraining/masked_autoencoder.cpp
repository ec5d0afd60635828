// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/masked_autoencoder.h"

#include <stdexcept>

#include <torch/torch.h>

namespace scarp::nn {

namespace {

at::ScalarType at_least_single(const at::Tensor& x) {
  return x.scalar_type() == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32;
}

}  // namespace

void MaskedAutoencoderOptions::check() const {
  encoder.check();
  const auto refuse = [](const std::string& what) {
    throw std::invalid_argument("masked autoencoder: " + what);
  };
  if (encoder.positions != PositionKind::fixed) refuse("the encoder's positions must be fixed");
  if (decoder_depth < 1) refuse("decoder_depth must be at least 1, is " + std::to_string(decoder_depth));
  if (decoder_width < 4 || decoder_width % 4 != 0)
    refuse("decoder_width must be a multiple of 4, is " + std::to_string(decoder_width));
  if (!(mask_ratio >= 0 && mask_ratio < 1))
    refuse("mask_ratio must be in [0, 1), is " + std::to_string(mask_ratio));
  decoder_block().check();
}

TransformerBlockOptions MaskedAutoencoderOptions::decoder_block() const {
  TransformerBlockOptions options;
  options.width = decoder_width;
  options.heads = decoder_heads;
  options.mlp_width = decoder_mlp_width;
  options.epsilon = encoder.epsilon;
  options.attention = encoder.attention;
  return options;
}

std::int64_t MaskedAutoencoderOptions::predicted_width() const {
  return target_width > 0 ? target_width : encoder.patch * encoder.patch * encoder.channels;
}

TokenReader::TokenReader(torch::nn::Module& owner,
                         const std::string& suffix,
                         const MaskedAutoencoderOptions& options,
                         std::int64_t outputs) {
  const auto norm_options = torch::nn::LayerNormOptions({options.decoder_width}).eps(options.encoder.epsilon);
  blocks = owner.register_module("decoder_blocks" + suffix,
                                 transformer_blocks(options.decoder_depth, options.decoder_block()));
  norm = owner.register_module("decoder_norm" + suffix, torch::nn::LayerNorm(norm_options));
  pred = owner.register_module("decoder_pred" + suffix, torch::nn::Linear(options.decoder_width, outputs));
}

torch::Tensor TokenReader::read(const torch::Tensor& tokens) {
  return read(tokens, {0, tokens.size(1)});
}

torch::Tensor TokenReader::read(const torch::Tensor& tokens, TokenRange asked) {
  return norm(run_blocks_for(*blocks, tokens, asked));
}

torch::Tensor normalised_patches(const torch::Tensor& patches) {
  const auto x = patches.to(at_least_single(patches));
  const auto [variance, mean] = torch::var_mean(x, /*dim=*/-1, /*unbiased=*/true, /*keepdim=*/true);
  return (x - mean) / (variance + kVarianceFloor).sqrt();
}

torch::Tensor patch_losses(const torch::Tensor& predicted, const torch::Tensor& targets) {
  return (predicted.to(at_least_single(predicted)) - targets).square().mean(-1);
}

MaskedAutoencoderImpl::MaskedAutoencoderImpl(const MaskedAutoencoderOptions& given)
    : VisionTransformerImpl((given.check(), given.encoder)),
      masked(given),
      pixels_(*this, "", given, given.predicted_width()) {
  mask_token_ = register_parameter("mask_token", torch::zeros({1, 1, masked.decoder_width}));
  decoder_embed_ =
      register_module("decoder_embed", torch::nn::Linear(masked.encoder.width, masked.decoder_width));
  decoder_pos_embed_ =
      register_positions(*this, "decoder_pos_embed", masked.decoder_width, masked.encoder.grid,
                         PositionKind::fixed, masked.encoder.ground_ratio);
}

torch::Tensor MaskedAutoencoderImpl::decoder_positions(PatchGrid grid) const {
  if (grid == options.grid) return decoder_pos_embed_;
  const auto table = sincos_positions(masked.decoder_width, grid, options.ground_ratio);
  return table.unsqueeze(0).to(decoder_pos_embed_.options());
}

torch::Tensor MaskedAutoencoderImpl::encode(const torch::Tensor& images, const Masking& masking) {
  return forward_features(images, masking.visible());
}

torch::Tensor MaskedAutoencoderImpl::decoder_tokens(const torch::Tensor& latent,
                                                    const Masking& masking,
                                                    PatchGrid grid) {
  const std::int64_t batch = latent.size(0), patches = masking.order.size(1);
  const auto seen = decoder_embed_(latent);
  const auto hidden = mask_token_.to(seen.scalar_type()).expand({batch, patches - masking.kept, -1});
  const auto table = decoder_positions(grid);
  const auto cells = table.narrow(1, 1, patches).expand({batch, -1, -1});
  const auto places =
      torch::cat({table.narrow(1, 0, 1).expand({batch, -1, -1}), rows_at(cells, masking.order)}, 1);
  return torch::cat({seen, hidden}, 1) + places;
}

Reconstruction MaskedAutoencoderImpl::reconstruct(const torch::Tensor& images, const Masking& masking) {
  Reconstruction result;
  result.latent = encode(images, masking);
  const auto read = pixels_.read(decoder_tokens(result.latent, masking, grid_of(images)));
  const auto in_order = pixels_.pred(read.narrow(1, 1, masking.order.size(1)));
  result.patches = rows_at(in_order, masking.restore());
  return result;
}

torch::Tensor MaskedAutoencoderImpl::hidden_targets(const torch::Tensor& images,
                                                    const Masking& masking) const {
  const auto targets = rows_at(patches_of(images, options.patch, PatchOrder::channel_last), masking.hidden());
  return masked.normalise_targets ? normalised_patches(targets) : targets;
}

torch::Tensor MaskedAutoencoderImpl::hidden_losses(const torch::Tensor& images, const Masking& masking) {
  const auto tokens = decoder_tokens(encode(images, masking), masking, grid_of(images));
  const TokenRange hidden{1 + masking.kept, masking.order.size(1) - masking.kept};
  return patch_losses(pixels_.pred(pixels_.read(tokens, hidden)), hidden_targets(images, masking));
}

torch::Tensor MaskedAutoencoderImpl::forward(const torch::Tensor& images, const Masking& masking) {
  return hidden_losses(images, masking).mean();
}

}  // namespace scarp::nn

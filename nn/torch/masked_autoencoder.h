// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "nn/torch/masking.h"
#include "nn/torch/vision_transformer.h"

namespace scarp::nn {

struct MaskedAutoencoderOptions {
  VisionTransformerOptions encoder;  ///< with fixed positions
  std::int64_t decoder_width = 512;
  std::int64_t decoder_depth = 8;
  std::int64_t decoder_heads = 16;
  std::int64_t decoder_mlp_width = 0;  ///< 0: four times the width
  double mask_ratio = 0.75;
  std::int64_t target_width = 0;   ///< of what is predicted of a patch; 0: its pixels
  bool normalise_targets = false;  ///< each patch to mean 0 and deviation 1 before the loss
  void check() const;              ///< @throws std::invalid_argument naming the first field out of range
  TransformerBlockOptions decoder_block() const;
  std::int64_t predicted_width() const;
};

/// Transformer blocks, a norm and a linear layer that read the decoder's tokens.
struct TokenReader {
  torch::nn::ModuleList blocks{nullptr};
  torch::nn::LayerNorm norm{nullptr};
  torch::nn::Linear pred{nullptr};
  /// Registers them as decoder_blocksSUFFIX, decoder_normSUFFIX, decoder_predSUFFIX.
  TokenReader(torch::nn::Module& owner,
              const std::string& suffix,
              const MaskedAutoencoderOptions& options,
              std::int64_t outputs);
  /// [N, T, d] -> [N, T, d]: what the linear layer is to see.
  torch::Tensor read(const torch::Tensor& tokens);
  /// The same of some tokens alone. [N, count, d]
  torch::Tensor read(const torch::Tensor& tokens, TokenRange asked);
};

struct Reconstruction {
  torch::Tensor latent;   ///< [N, 1 + kept, D], after the encoder's norm
  torch::Tensor patches;  ///< [N, L, patch * patch * C] by patch number, channel last
};

/// Added to the variance of a patch, so that one without contrast stays finite.
inline constexpr double kVarianceFloor = 1e-6;

/// Patch vectors to mean 0 and (unbiased) variance 1 each, kVarianceFloor added to the variance. Pixels of
/// any type are treated in float32 or better.
torch::Tensor normalised_patches(const torch::Tensor& patches);

/// Mean squared difference of each patch. [N, K, P] twice -> [N, K] float32 or better
torch::Tensor patch_losses(const torch::Tensor& predicted, const torch::Tensor& targets);

/// A masked autoencoder: the encoder sees kept patches only, a narrower decoder all tokens, with a mask token
/// where a patch was removed. Source: He et al., "Masked Autoencoders Are Scalable Vision Learners", CVPR
/// 2022. The decoder's tokens stand in the order of the masking, kept ones first, each with the position of
/// its patch: attention does not mind, nothing has to be sorted back, and the removed ones lie side by side.
class MaskedAutoencoderImpl : public VisionTransformerImpl {
 public:
  explicit MaskedAutoencoderImpl(const MaskedAutoencoderOptions& options);

  /// The kept patches after the encoder's norm: [N, 1 + kept, D].
  torch::Tensor encode(const torch::Tensor& images, const Masking& masking);
  /// Encoder output to decoder tokens [N, 1 + L, d] in the order of the masking.
  torch::Tensor decoder_tokens(const torch::Tensor& latent, const Masking& masking, PatchGrid grid);
  /// Patches as predicted for all positions.
  Reconstruction reconstruct(const torch::Tensor& images, const Masking& masking);
  /// What is to be predicted, of the removed patches: [N, L - kept, patch * patch * C].
  torch::Tensor hidden_targets(const torch::Tensor& images, const Masking& masking) const;
  /// Loss of each removed patch [N, L - kept]; visible ones are not predicted at all.
  torch::Tensor hidden_losses(const torch::Tensor& images, const Masking& masking);
  /// Mean loss of the removed patches.
  torch::Tensor forward(const torch::Tensor& images, const Masking& masking);

  MaskedAutoencoderOptions masked;

 protected:
  torch::Tensor decoder_positions(PatchGrid grid) const;
  TokenReader pixels_;

 private:
  torch::Tensor mask_token_, decoder_pos_embed_;
  torch::nn::Linear decoder_embed_{nullptr};
};
TORCH_MODULE(MaskedAutoencoder);

}  // namespace scarp::nn

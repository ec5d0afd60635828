// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <ATen/core/Generator.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>

#include "nn/torch/positions.h"
#include "nn/torch/transformer_block.h"

namespace scarp::nn {

enum class PositionKind : std::uint8_t {
  fixed,    ///< sine-cosine; in the state, but never trained
  learned,  ///< trained; resized to other grids
};

enum class Pooling : std::uint8_t {
  token,  ///< the class token after `norm`
  mean,   ///< the mean of the patch tokens, then `fc_norm`; there is no `norm`
};

struct VisionTransformerOptions {
  std::int64_t channels = 3;
  std::int64_t patch = 16;  ///< side of a patch, pixels
  PatchGrid grid;           ///< of the position table; required
  std::int64_t width = 192;
  std::int64_t depth = 12;
  std::int64_t heads = 3;
  std::int64_t mlp_width = 0;  ///< 0: four times `width`
  PositionKind positions = PositionKind::fixed;
  double ground_ratio = 1;  ///< of fixed positions, see sincos_positions
  double epsilon = 1e-6;    ///< of the layer norms
  double drop_path = 0;     ///< of the last block; rises linearly from 0 at the first
  AttentionPath attention = AttentionPath::explicit_formula;
  Pooling pooling = Pooling::token;
  std::int64_t classes = 0;  ///< of the linear `head`; 0: none

  void check() const;  ///< @throws std::invalid_argument naming the first field out of range
  TransformerBlockOptions block(std::int64_t number) const;
};

/// Width, depth, heads and patch by name: vit-t8, vit-s16, vit-b16, vit-l16: tiny 192-12-3, small 384-12-6,
/// base 768-12-12, large 1024-24-16, huge 1280-32-16, then the patch side. The rest keeps its defaults.
/// @throws Error (bad_argument) for another name
VisionTransformerOptions vision_transformer_named(const std::string& name);

/// Pixels of patches, row by row; within one: row, column, channel (fastest) or channel, row, column.
/// [N, C, H, W] -> [N, L, patch * patch * C]; H and W must be multiples of `patch`.
enum class PatchOrder : std::uint8_t { channel_last, channel_first };
at::Tensor patches_of(const at::Tensor& images, std::int64_t patch, PatchOrder order);
/// The inverse. [N, L, patch * patch * channels] -> [N, channels, rows * patch, cols * patch]
at::Tensor images_of(const at::Tensor& patches, std::int64_t patch, PatchGrid grid, PatchOrder order);

/// Rows `places` [N, K] of `x` [N, L, D]. @return [N, K, D]
at::Tensor rows_at(const at::Tensor& x, const at::Tensor& places);

/// The linear layer of patches, kept as the convolution of the released weights: [N, L, C * patch * patch]
/// channel first -> [N, L, D].
class PatchProjectionImpl : public torch::nn::Module {
 public:
  PatchProjectionImpl(std::int64_t channels, std::int64_t patch, std::int64_t width);
  torch::Tensor forward(const torch::Tensor& patches);

 private:
  torch::nn::Conv2d proj_{nullptr};
};
TORCH_MODULE(PatchProjection);

/// A vision transformer under the names of the released MAE, MSN and timm weights: cls_token, pos_embed,
/// patch_embed.proj, blocks.i, norm (or fc_norm), head.
/// Source: Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021.
class VisionTransformerImpl : public torch::nn::Module {
 public:
  explicit VisionTransformerImpl(const VisionTransformerOptions& options);

  /// Patches with their positions behind the class token. Only patches that are kept are projected.
  /// @param images [N, C, H, W], H and W multiples of the patch
  /// @param kept   numbers of the patches to keep: [N, K] or, the same in all images, [K]; undefined: all
  /// @return       [N, 1 + K, D]
  /// @throws c10::Error if shapes do not fit
  torch::Tensor embed(const torch::Tensor& images, const torch::Tensor& kept = {});
  /// All blocks, without the norm behind them. [N, T, D] -> [N, T, D]
  torch::Tensor run_blocks(const torch::Tensor& tokens,
                           const std::optional<at::Generator>& drops = std::nullopt);
  /// The class token behind all blocks; the last block answers nothing else. [N, T, D] -> [N, D]
  torch::Tensor run_blocks_for_class(const torch::Tensor& tokens);
  /// Tokens after the last norm (after the last block where the mean is pooled). [N, 1 + K, D]
  torch::Tensor forward_features(const torch::Tensor& images,
                                 const torch::Tensor& kept = {},
                                 const std::optional<at::Generator>& drops = std::nullopt);
  torch::Tensor last_norm(const torch::Tensor& tokens);
  /// Features of one row an image, before the head: [N, 1 + K, D] -> [N, D]
  torch::Tensor pool(const torch::Tensor& features);
  /// Logits [N, classes], or without classes the pooled features [N, D].
  torch::Tensor forward(const torch::Tensor& images,
                        const std::optional<at::Generator>& drops = std::nullopt);

  /// The position table of another grid: learned ones resized, fixed ones computed. [1, 1 + patches, D]
  torch::Tensor positions(PatchGrid grid) const;
  /// @throws c10::Error if the images do not fit
  PatchGrid grid_of(const torch::Tensor& images) const;
  /// Of all blocks, any decoder's included.
  void set_attention(AttentionPath path) { nn::set_attention(*this, path); }

  VisionTransformerOptions options;

 protected:
  torch::Tensor cls_token_, pos_embed_;

 private:
  PatchProjection patch_embed_{nullptr};
  torch::nn::ModuleList blocks_{nullptr};
  torch::nn::LayerNorm norm_{nullptr}, fc_norm_{nullptr};
  torch::nn::Linear head_{nullptr};
};
TORCH_MODULE(VisionTransformer);

/// A position table as a parameter of the state: trained if learned, else fixed.
torch::Tensor register_positions(torch::nn::Module& module,
                                 const std::string& name,
                                 std::int64_t width,
                                 PatchGrid grid,
                                 PositionKind kind,
                                 double ground_ratio);
torch::nn::ModuleList transformer_blocks(std::int64_t depth, const TransformerBlockOptions& options);
/// Runs them, at least one; of the last one only some tokens get an answer, which saves most of its work on
/// the others. [N, T, D] -> [N, count, D]
torch::Tensor run_blocks_for(const torch::nn::ModuleListImpl& blocks,
                             const torch::Tensor& tokens,
                             TokenRange asked);

enum class Initialisation : std::uint8_t {
  masked_autoencoder,  ///< linear layers Xavier uniform, patch projection too, seen as a matrix
  siamese,             ///< linear layers and learned positions normal 0.02, patch projection Kaiming normal
};

/// Sets all weights, whatever they were: as above, norms 1 and 0, biases 0 (that of the patch projection
/// uniform, as the released code leaves it), tokens normal 0.02. Fixed positions stay.
/// @param random  generator on the processor, where the weights must be, too
void initialise(torch::nn::Module& network, Initialisation kind, const at::Generator& random);

}  // namespace scarp::nn

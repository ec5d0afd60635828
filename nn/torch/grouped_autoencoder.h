// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nn/torch/masked_autoencoder.h"

namespace scarp::nn {

/// Channels that are measured together, e.g. the bands of an image, or a terrain model and what derives from
/// it.
struct ChannelGroup {
  std::string name;
  std::int64_t channels = 0;
  double variance_floor =
      kVarianceFloor;  ///< added to the variance of a patch; of terrain, the sensor's noise squared
                       ///< in the planes' units, or else flat ground becomes noise of unit variance
  double loss_weight = 1;
};

struct GroupedAutoencoderOptions {
  std::vector<ChannelGroup> groups;
  VisionTransformerOptions encoder;  ///< `channels`, `positions` and `classes` are not looked at
  std::int64_t group_width = 0;      ///< of `width`, for the number of the group; 0: a quarter
  std::int64_t decoder_width = 512;
  std::int64_t decoder_depth = 8;
  std::int64_t decoder_heads = 16;
  double mask_ratio = 0.75;
  bool normalise_targets = true;
  void check() const;  ///< @throws std::invalid_argument naming the first field out of range
};

/// One order of the patches of all groups, group after group: patch l of group g has number g * L + l.
struct GroupedMasking {
  Masking masking;      ///< over G * L
  torch::Tensor valid;  ///< [N, G, L] bool: patches that may be targets
};

struct GroupedLoss {
  torch::Tensor total;  ///< sum of the groups' means by their weights
  std::vector<torch::Tensor>
      groups;  ///< mean loss of the hidden valid patches of each; 0 where there is none
};

/// Positions of the patches of all groups, group after group: of a row the first numbers tell the place, as
/// sincos_positions does, the last `group_width` the number of the group.
/// @param group_width  0: a quarter of `width`
/// @return [groups * grid.patches(), width] float64
torch::Tensor grouped_positions(std::int64_t width,
                                std::int64_t group_width,
                                PatchGrid grid,
                                std::int64_t groups,
                                double ground_ratio);

/// A masked autoencoder over groups of channels with their own patch projections, positions of place and
/// group, heads, target statistics and loss means. Source: Cong et al., "SatMAE", NeurIPS 2022, section 3.3,
/// with one loss mean a group in place of one for all, so that the loudest group does not drown the others.
/// All patches are projected, which is cheap; blocks see kept ones only.
class GroupedAutoencoderImpl : public torch::nn::Module {
 public:
  explicit GroupedAutoencoderImpl(const GroupedAutoencoderOptions& options);

  /// Chooses what is kept. Patches with a pixel without data are never kept and never targets; a group that
  /// is dropped is kept only where nothing else is left.
  /// @param noise    [N, G * L] in [0, 1)
  /// @param valid    [N, G, L] bool: patches all of whose pixels hold data
  /// @param dropped  [N, G] bool: groups to hide whole in an image; undefined: none
  /// @throws Error (bad_argument) if an image has not one valid patch
  GroupedMasking mask(const torch::Tensor& noise,
                      const torch::Tensor& valid,
                      const torch::Tensor& dropped = {}) const;

  /// Patches all of whose pixels are valid. [N, H, W] bool -> [N, L] bool
  torch::Tensor whole_patches(const torch::Tensor& valid_pixels) const;

  /// Kept tokens after the norm, behind the class token, which has no position. [N, 1 + kept, D]
  /// @param images  one [N, C_g, H, W] a group, of one size; values without data are not looked at
  torch::Tensor encode(const std::vector<torch::Tensor>& images, const GroupedMasking& masking);
  /// Patches as predicted, one [N, L, patch * patch * C_g] a group, channel last.
  std::vector<torch::Tensor> reconstruct(const std::vector<torch::Tensor>& images,
                                         const GroupedMasking& masking);
  GroupedLoss forward(const std::vector<torch::Tensor>& images, const GroupedMasking& masking);

  GroupedAutoencoderOptions options;

 private:
  std::int64_t groups() const { return static_cast<std::int64_t>(options.groups.size()); }
  torch::Tensor places(PatchGrid grid, std::int64_t width) const;
  PatchGrid grid_of(const std::vector<torch::Tensor>& images) const;
  torch::Tensor targets(const torch::Tensor& image, const ChannelGroup& group) const;

  torch::Tensor cls_token_, mask_token_;
  torch::nn::ModuleList patch_embed_{nullptr}, blocks_{nullptr}, decoder_blocks_{nullptr},
      decoder_pred_{nullptr};
  torch::nn::LayerNorm norm_{nullptr}, decoder_norm_{nullptr};
  torch::nn::Linear decoder_embed_{nullptr};
};
TORCH_MODULE(GroupedAutoencoder);

}  // namespace scarp::nn

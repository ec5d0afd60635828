// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "nn/torch/vision_transformer.h"

namespace scarp::nn {

/// Groups of channels of a GroupedAutoencoder, by number: image 0, terrain 1.
inline constexpr std::int64_t kChannelGroups = 2;

struct GroupEncoderOptions {
  VisionTransformerOptions encoder;    ///< `channels`, `positions`, `pooling` and `classes` are not looked at
  std::vector<std::int64_t> channels;  ///< of each group that is there, in order
  std::int64_t first = 0;              ///< number of the first of them
};

/// The encoder of a GroupedAutoencoder, of both groups or one of them, without decoder: sees all patches.
class GroupEncoderImpl : public torch::nn::Module {
 public:
  explicit GroupEncoderImpl(const GroupEncoderOptions& options);

  /// Tokens after the last norm, behind the class token, group after group. [N, 1 + G * L, D]
  /// @param images  one [N, C_g, H, W] a group, of one size, H and W multiples of the patch
  torch::Tensor forward(const std::vector<torch::Tensor>& images);

  GroupEncoderOptions options;

 private:
  torch::Tensor cls_token_;
  torch::nn::ModuleList patch_embed_{nullptr}, blocks_{nullptr};
  torch::nn::LayerNorm norm_{nullptr};
};
TORCH_MODULE(GroupEncoder);

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include <torch/nn/modules/container/sequential.h>

#include "nn/torch/feature_encoder.h"
#include "nn/torch/group_encoder.h"
#include "nn/torch/vision_transformer.h"

namespace scarp::nn {

/// Planes that lie side by side: the channels of one group, without their validity plane.
struct PlaneRange {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

/// What a backbone sees of the planes that an encoder is given.
struct PyramidPlanes {
  std::vector<PlaneRange> groups;  ///< one, or of a joint encoder two: image, terrain
  std::int64_t first_group = 0;    ///< of a grouped backbone: the number of the first of them
};

/// A vision transformer as an encoder: its last map, after the last norm, is brought to strides 2 to 32, each
/// by itself, with transposed convolutions or by pooling, then by a 1 x 1 and a 3 x 3 convolution to the
/// channels that the residual encoder of this shape and width has. Source: Li, Mao, Girshick, He, "Exploring
/// Plain Vision Transformer Backbones for Object Detection", ECCV 2022, section 3; batch norms in place of
/// layer norms, as everywhere in the detector, and a ReLU behind the last. Of a grouped backbone the maps of
/// its groups lie side by side. The backbone, `trunk`, sees channels alone, no validity plane: where data are
/// missing it sees the mean of the channel.
class TransformerPyramidImpl : public FeatureEncoder {
 public:
  /// @throws std::invalid_argument for a backbone that no pyramid can be built on
  TransformerPyramidImpl(const BackboneShape& backbone,
                         const PyramidPlanes& planes,
                         EncoderShape shape,
                         double width);

  std::vector<torch::Tensor> forward(const torch::Tensor& x, std::size_t levels = kEncoderLevels) override;
  void fold_norms() override;
  void train(bool on = true) override;
  const std::vector<std::int64_t>& channels() const override { return channels_; }

  /// The last map of the backbone, of all groups: [B, D * groups, H / patch, W / patch]
  torch::Tensor last_map(const torch::Tensor& x);
  /// The backbone alone, under the names of its files.
  torch::nn::Module& trunk();
  /// From now on the backbone has no gradient, stays in evaluation mode and as it is.
  void freeze();
  void set_attention(AttentionPath path);

  BackboneShape backbone;

 private:
  torch::Tensor tokens(const torch::Tensor& x);  // [B, groups * L, D], without the class token

  PyramidPlanes planes_;
  std::vector<std::int64_t> channels_;
  VisionTransformer plain_{nullptr};
  GroupEncoder grouped_{nullptr};
  std::vector<torch::nn::Sequential> levels_;
  bool frozen_ = false;
};
TORCH_MODULE(TransformerPyramid);

}  // namespace scarp::nn

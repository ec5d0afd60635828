// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Generator.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include "nn/model_card.h"
#include "nn/torch/coordinate_attention.h"
#include "nn/torch/residual_encoder.h"
#include "nn/torch/transformer_pyramid.h"

namespace scarp::nn {

/// Joins optical and terrain features of one stride: concatenation, Coordinate Attention where it is asked
/// for, 1 x 1 convolution. [B, C, h, w] twice -> [B, C, h, w]
class FeatureFusionImpl : public torch::nn::Module {
 public:
  FeatureFusionImpl(std::int64_t channels, bool attention, std::int64_t reduction);
  torch::Tensor forward(const torch::Tensor& optical, const torch::Tensor& terrain);
  /// Weights of the attention, mean over channels: [B, 1, h, w]; undefined without attention.
  torch::Tensor attention(const torch::Tensor& optical, const torch::Tensor& terrain);
  void fold_norms();  ///< for inference only

 private:
  CoordinateAttention attention_{nullptr};
  torch::nn::Sequential mix_{nullptr};
};
TORCH_MODULE(FeatureFusion);

/// One step of the decoder: up by two with a transposed convolution, skip features beside it, 3 x 3
/// convolution.
class DecoderStepImpl : public torch::nn::Module {
 public:
  DecoderStepImpl(std::int64_t in, std::int64_t skip, std::int64_t out);
  /// @param x [B, in, h, w]  @param skip [B, skip, 2h, 2w]  @return [B, out, 2h, 2w]
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& skip);
  void fold_norms();  ///< for inference only

 private:
  torch::nn::Sequential up_{nullptr};
  torch::nn::Sequential mix_{nullptr};
};
TORCH_MODULE(DecoderStep);

/// An optical and a terrain encoder with the same strides, each a residual network or a pretrained vision
/// transformer (transformer_pyramid.h), fused at each, and a U-shaped decoder with transposed convolutions;
/// or one of the simpler forms that NetworkOptions::fusion names. HPCL-style (reconstruction), the part that
/// learns from its own pixels. With no optical or no terrain planes there is one encoder and no fusion.
/// Source: "Hyper-pixel-wise Contrastive Learning Augmented Segmentation Network
/// ..." (arXiv 2308.01251) as far as it is public; the strides of fusion and the decoder's widths are ours.
class DualBranchNetworkImpl : public torch::nn::Module {
 public:
  /// @param optical_planes, terrain_planes  including their validity planes; 0: no such branch
  DualBranchNetworkImpl(const NetworkOptions& options,
                        std::int64_t optical_planes,
                        std::int64_t terrain_planes,
                        std::int64_t classes);

  /// @param optical [B, optical planes, H, W] normalised, 0 where invalid; undefined without that branch. H,
  /// W multiples of
  ///                32 times the input stride
  /// @param terrain [B, terrain planes, H, W]
  /// @param dropout  generator, on the processor, of the dropout between decoder steps (of whole channels, in
  ///                 training only); none: LibTorch's global one
  /// @return logits [B, classes, H, W]
  /// @throws c10::Error if shapes do not fit
  torch::Tensor forward(const torch::Tensor& optical,
                        const torch::Tensor& terrain,
                        const std::optional<at::Generator>& dropout = std::nullopt);
  /// The first half of `forward`: fused features, finest first.
  /// @param levels  1 to 5: how many; what lies above is not computed
  /// @return maps [B, feature_channels()[i], h / s, w / s] of what the network sees, s = 2, 4, 8, 16, 32
  std::vector<torch::Tensor> features(const torch::Tensor& optical,
                                      const torch::Tensor& terrain,
                                      std::size_t levels = kEncoderLevels);
  /// The last of `features` alone: what the momentum encoder is asked for. [B, feature_channels()[level], h,
  /// w]
  torch::Tensor features_at(const torch::Tensor& optical, const torch::Tensor& terrain, std::size_t level);
  /// The second half. @param features  all five
  torch::Tensor logits(const std::vector<torch::Tensor>& features,
                       const std::optional<at::Generator>& dropout = std::nullopt);
  const std::vector<std::int64_t>& feature_channels() const;
  /// Where Coordinate Attention looks, by stride in pixels of the planes: [B, 1, H / stride, W / stride],
  /// mean over channels of row gate times column gate. Empty without two branches or without attention.
  std::map<std::int64_t, torch::Tensor> attention(const torch::Tensor& optical, const torch::Tensor& terrain);
  /// For inference only: batch norms become part of the convolutions before them.
  void fold_norms();

  NetworkOptions options;

 private:
  void check_planes(const torch::Tensor& planes, std::int64_t wanted, const char* which) const;
  const FeatureEncoder& encoder() const;  ///< the one whose widths the decoder has
  void add_encoders();
  void add_fusions();
  torch::Tensor seen(const torch::Tensor& planes) const;  ///< as the encoders want them
  std::vector<torch::Tensor> fuse(const std::vector<torch::Tensor>& optical,
                                  const std::vector<torch::Tensor>& terrain,
                                  std::size_t first);
  std::vector<torch::Tensor> features_from(const torch::Tensor& optical,
                                           const torch::Tensor& terrain,
                                           std::size_t first,
                                           std::size_t levels);

  std::int64_t optical_planes_;
  std::int64_t terrain_planes_;
  std::shared_ptr<FeatureEncoder> optical_;
  std::shared_ptr<FeatureEncoder> terrain_;
  std::shared_ptr<FeatureEncoder> joint_;  ///< of early fusion, instead of the two
  std::vector<FeatureFusion> fusions_;     ///< one a level, empty holders where levels are not fused
  std::vector<DecoderStep> steps_;
  torch::nn::Sequential last_up_{nullptr};
  torch::nn::Conv2d head_{nullptr};
};
TORCH_MODULE(DualBranchNetwork);

/// Sets all weights from one seed: Kaiming normal for convolutions (He et al., ICCV 2015), 1 and 0 for norms,
/// 0 for biases, but 2 for those of Coordinate Attention's gates, which so let 0.78 of a feature through.
/// Backbones are drawn as masked autoencoders are, from numbers of their own.
void initialise(torch::nn::Module& network, std::uint64_t seed);

/// The pyramids of a network, by the names of their encoders: "optical", "terrain", "joint".
std::map<std::string, TransformerPyramidImpl*> pyramids_of(torch::nn::Module& network);

}  // namespace scarp::nn

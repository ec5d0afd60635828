// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include <torch/nn/modules/batchnorm.h>

#include "nn/torch/vision_transformer.h"

namespace scarp::nn {

struct SiameseOptions {
  VisionTransformerOptions encoder;  ///< with learned positions
  std::int64_t hidden = 2048;        ///< of the projection head
  std::int64_t outputs = 256;
  void check() const;  ///< @throws std::invalid_argument naming the first field out of range
};

/// fc1, bn1, GELU, fc2, bn2, GELU, fc3. [N, D] -> [N, outputs]
class ProjectionHeadImpl : public torch::nn::Module {
 public:
  ProjectionHeadImpl(std::int64_t width, std::int64_t hidden, std::int64_t outputs);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::nn::Linear fc1_{nullptr}, fc2_{nullptr}, fc3_{nullptr};
  torch::nn::BatchNorm1d bn1_{nullptr}, bn2_{nullptr};
};
TORCH_MODULE(ProjectionHead);

/// What a step of Masked Siamese Networks sees of N images.
struct SiameseViews {
  std::vector<torch::Tensor> random;  ///< [N, C, H, W] each, of one size
  torch::Tensor kept;                 ///< [K]: patches that the random views keep, the same in all images
  std::vector<torch::Tensor> focal;   ///< [N, C, h, w] each, of one size, smaller; may be empty
};

/// One branch of Masked Siamese Networks: a vision transformer and a projection head `fc` on its class token.
/// Source: Assran et al., "Masked Siamese Networks for Label-Efficient Learning", ECCV 2022, section 4. Batch
/// norms take the statistics of one group of views of equal size; the target branch runs in training mode,
/// too.
class SiameseEncoderImpl : public VisionTransformerImpl {
 public:
  explicit SiameseEncoderImpl(const SiameseOptions& options);

  /// Class token after the last norm. [N, D]
  torch::Tensor class_token(const torch::Tensor& images, const torch::Tensor& kept = {});
  /// Class token after the last block, before the norm: the feature of low-shot evaluation. [N, D]
  torch::Tensor low_shot_feature(const torch::Tensor& images);
  torch::Tensor project(const torch::Tensor& tokens) { return fc_(tokens); }
  /// Projections of all views, one view after the other: [views * N, outputs].
  torch::Tensor anchors(const SiameseViews& views);
  torch::Tensor target(const torch::Tensor& images) { return project(class_token(images)); }
  /// To be called between backward and the step. Three biases stand before batch norms, which take them away
  /// again: their gradient is nothing but rounding, which an optimiser such as Adam would make steps of.
  void clear_rounding_gradients();

  SiameseOptions siamese;

 private:
  ProjectionHead fc_{nullptr};
};
TORCH_MODULE(SiameseEncoder);

struct SiameseLossOptions {
  double temperature = 0.1;
  double sharpening = 0.25;          ///< exponent 1 / sharpening on the targets
  double me_max_weight = 1;          ///< of ln K less the entropy of the mean prediction; 0: it collapses
  double entropy_weight = 0;         ///< of the mean entropy of the anchors
  std::int64_t sinkhorn_rounds = 0;  ///< 0: targets stay as sharpened
};

struct SiameseLoss {
  torch::Tensor total, cross_entropy, me_max, entropy;  ///< scalars
  torch::Tensor targets;                                ///< [N, K], without gradient
};

/// Cross entropy of the anchors' soft assignments to prototypes against the targets' sharpened ones
/// (equations 1 to 3). No gradient goes into the targets, nor into the prototypes through them.
/// @param anchors    [views * N, d], one view after the other, of any length
/// @param targets    [N, d]  @param prototypes [K, d]
SiameseLoss siamese_loss(const torch::Tensor& anchors,
                         const torch::Tensor& targets,
                         const torch::Tensor& prototypes,
                         const SiameseLossOptions& options);

/// Rows and columns made to sum to 1 / K and 1 / N in turns (Cuturi, NIPS 2013), then rows to 1: targets that
/// use all prototypes. In logarithms: at a cold temperature no row gives a prototype a probability above
/// zero, and what is nothing cannot be scaled.
/// @param logarithms  of the targets' probabilities [N, K]
/// @return probabilities [N, K]
torch::Tensor sinkhorn(const torch::Tensor& logarithms, std::int64_t rounds);

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/losses.h"

#include <vector>

#include <torch/torch.h>

#include "nn/learner.h"
#include "nn/segmentation/fused_loss.h"

namespace scarp::nn {
namespace {

// [B, classes, H, W], 0 at pixels without a label. Comparisons, not torch::one_hot: that waits for a GPU.
at::Tensor truth_planes(const at::Tensor& labels, std::int64_t classes) {
  std::vector<at::Tensor> planes;
  for (std::int64_t c = 0; c < classes; ++c) planes.push_back(labels == c);
  return torch::stack(planes, 1).to(torch::kFloat32);
}

at::Tensor cross_entropy(const at::Tensor& log_probability,
                         const at::Tensor& truth,
                         const at::Tensor& class_weights) {
  const auto weighted = class_weights.defined() ? truth * class_weights.view({1, -1, 1, 1}) : truth;
  return -(log_probability * weighted).sum() /
         weighted.sum().clamp_min(1e-12);  // without labels 0, with a graph
}

/// @param truth, counted  both with the weights of pixels: a pixel has its weight once
at::Tensor dice_loss(const at::Tensor& guess, const at::Tensor& truth, const at::Tensor& counted) {
  const auto shared = (guess * truth).sum({0, 2, 3});  // [classes]
  const auto both = (guess * counted).sum({0, 2, 3}) + truth.sum({0, 2, 3});
  const auto dice = (2 * shared + kDiceSmoothing) / (both + kDiceSmoothing);
  return (1 - dice.slice(0, 1)).mean();  // without labels 0
}

}  // namespace

at::Tensor segmentation_loss(const at::Tensor& logits,
                             const at::Tensor& labels,
                             const SegmentationLossOptions& options,
                             const at::Tensor& pixel_weights) {
  TORCH_CHECK(logits.dim() == 4 && labels.dim() == 3 && logits.size(0) == labels.size(0) &&
                  logits.size(2) == labels.size(1) && logits.size(3) == labels.size(2),
              "segmentation_loss: expected logits [B, classes, H, W] and labels [B, H, W], got ",
              logits.sizes(), " and ", labels.sizes());
  TORCH_CHECK(!pixel_weights.defined() || pixel_weights.sizes() == labels.sizes(),
              "segmentation_loss: expected weights of pixels as labels, ", labels.sizes(), ", got ",
              pixel_weights.sizes());
  if (logits.is_cpu() && logits.scalar_type() == torch::kFloat32)
    return fused_segmentation_loss(logits, labels.to(torch::kInt64), options, pixel_weights);
  const auto known = (labels != kIgnoreLabel).unsqueeze(1);  // [B, 1, H, W]
  auto truth = truth_planes(labels, logits.size(1));
  auto counted = known.to(torch::kFloat32);
  if (pixel_weights.defined()) {
    counted = counted * pixel_weights.unsqueeze(1);
    truth = truth * counted;
  }
  // a logit without a label may be anything, NaN included
  const auto scores = torch::where(known, logits, torch::zeros({}, logits.options()));
  const auto log_probability = torch::log_softmax(scores, 1);
  auto loss = cross_entropy(log_probability, truth, options.class_weights);
  if (options.dice_weight > 0) {
    loss = loss + options.dice_weight * dice_loss(log_probability.exp(), truth, counted);
  }
  return loss;
}

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/losses.h"

#include <torch/torch.h>

#include "nn/learner.h"

namespace scarp::nn {
namespace {

constexpr double kDiceSmoothing = 1;

at::Tensor cross_entropy(const at::Tensor& log_probability,
                         const at::Tensor& labels,
                         const at::Tensor& known,
                         const at::Tensor& class_weights) {
  const auto picked = -log_probability.gather(1, labels.unsqueeze(1)).squeeze(1);  // [B, H, W]
  const auto weight = class_weights.defined() ? class_weights.index({labels}) * known : known;
  return (picked * weight).sum() / weight.sum().clamp_min(1e-12);
}

at::Tensor dice_loss(const at::Tensor& probability, const at::Tensor& labels, const at::Tensor& known) {
  const std::int64_t classes = probability.size(1);
  const auto truth = torch::one_hot(labels, classes).permute({0, 3, 1, 2}).to(probability.scalar_type()) *
                     known.unsqueeze(1);
  const auto guess = probability * known.unsqueeze(1);
  const auto shared = (guess * truth).sum({0, 2, 3});  // [classes]
  const auto both = guess.sum({0, 2, 3}) + truth.sum({0, 2, 3});
  const auto dice = (2 * shared + kDiceSmoothing) / (both + kDiceSmoothing);
  return (1 - dice.slice(0, 1)).mean();
}

}  // namespace

at::Tensor segmentation_loss(const at::Tensor& logits,
                             const at::Tensor& labels,
                             const SegmentationLossOptions& options) {
  const auto known = (labels != kIgnoreLabel).to(logits.scalar_type());  // [B, H, W]
  const auto safe_labels = torch::where(labels == kIgnoreLabel, torch::zeros_like(labels), labels);
  const auto log_probability = torch::log_softmax(logits, 1);
  auto loss = cross_entropy(log_probability, safe_labels, known, options.class_weights);
  if (options.dice_weight > 0)
    loss = loss + options.dice_weight * dice_loss(log_probability.exp(), safe_labels, known);
  return loss * known.amax();  // 0 where nothing is labelled: the smoothed Dice would be 0 anyway, its mean
                               // over no pixel is made so
}

}  // namespace scarp::nn

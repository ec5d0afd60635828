// SPDX-License-Identifier: Apache-2.0
#include "nn/segmentation/fused_loss.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include "nn/learner.h"

namespace scarp::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// What both passes need of a batch: planes of [B, classes, pixels] and labels of [B, pixels].
struct Extent {
  std::int64_t samples, classes, pixels;
  explicit Extent(const at::Tensor& logits)
      : samples(logits.size(0)), classes(logits.size(1)), pixels(logits.size(2) * logits.size(3)) {}

  /// visit(the pixel in the sample's first plane, its label, its weight) at every labelled pixel, in memory
  /// order.
  template <typename Visit>
  void each_labelled(const at::Tensor& label_map, const at::Tensor& weight_map, Visit&& visit) const {
    const std::int64_t* labels = label_map.const_data_ptr<std::int64_t>();
    const float* weights = weight_map.numel() > 0 ? weight_map.const_data_ptr<float>() : nullptr;
    for (std::int64_t sample = 0; sample < samples; ++sample) {
      for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
        const std::int64_t label = labels[sample * pixels + pixel];
        if (label == kIgnoreLabel) continue;
        const float weight = weights != nullptr ? weights[sample * pixels + pixel] : 1;
        visit(sample * classes * pixels + pixel, label, weight);
      }
    }
  }
};

/// Sums over the labelled pixels of a batch.
struct LossSums {
  explicit LossSums(std::int64_t classes)
      : shared(static_cast<std::size_t>(classes)), guessed(shared), present(shared) {}
  double entropy = 0;           ///< weighted
  double weight = 0;            ///< of the pixels
  std::vector<double> shared;   ///< a class: probability where it is true, times the pixel's weight
  std::vector<double> guessed;  ///< probability everywhere, likewise
  std::vector<double> present;  ///< weights of pixels
};

/// Writes the probabilities of one pixel, one a plane. @return the logarithm of the true class's
float softmax(const float* logits, float* out, const Extent& extent, std::int64_t label) {
  float largest = logits[0];
  for (std::int64_t c = 1; c < extent.classes; ++c) largest = std::max(largest, logits[c * extent.pixels]);
  float sum = 0;
  for (std::int64_t c = 0; c < extent.classes; ++c)
    sum += out[c * extent.pixels] = std::exp(logits[c * extent.pixels] - largest);
  const float scale = 1 / sum;
  for (std::int64_t c = 0; c < extent.classes; ++c) out[c * extent.pixels] *= scale;
  return label < extent.classes ? logits[label * extent.pixels] - largest - std::log(sum) : 0;
}

LossSums sums_of(const at::Tensor& logits,
                 const at::Tensor& labels,
                 const at::Tensor& weights,
                 const at::Tensor& pixel_weights,
                 at::Tensor& guess) {
  const Extent extent(logits);
  LossSums sums(extent.classes);
  const float* from = logits.const_data_ptr<float>();
  const float* weight = weights.const_data_ptr<float>();
  float* out = guess.mutable_data_ptr<float>();
  extent.each_labelled(labels, pixel_weights, [&](std::int64_t at, std::int64_t label, float part) {
    const float log_true = softmax(from + at, out + at, extent, label);
    for (std::int64_t c = 0; c < extent.classes; ++c)
      sums.guessed[static_cast<std::size_t>(c)] += part * out[at + c * extent.pixels];
    if (label >= extent.classes) return;
    const double of_entropy = static_cast<double>(weight[label]) * part;
    sums.entropy -= of_entropy * log_true;
    sums.weight += of_entropy;
    sums.shared[static_cast<std::size_t>(label)] += part * out[at + label * extent.pixels];
    sums.present[static_cast<std::size_t>(label)] += part;
  });
  return sums;
}

/// One minus the mean Dice coefficient of the classes but background, and its derivative by a probability of
/// class c: `wrong[c]`, where the class is true `right[c]`.
struct Dice {
  explicit Dice(const LossSums& sums) : wrong(sums.shared.size()), right(wrong.size()) {
    const double share = 1 / static_cast<double>(wrong.size() - 1);
    for (std::size_t c = 1; c < wrong.size(); ++c) {
      const double both = sums.guessed[c] + sums.present[c] + kDiceSmoothing;
      const double twice = 2 * sums.shared[c] + kDiceSmoothing;
      loss += share * (1 - twice / both);
      wrong[c] = share * twice / (both * both);
      right[c] = wrong[c] - share * 2 / both;
    }
  }
  double loss = 0;
  std::vector<double> wrong, right;
};

class FusedLoss : public torch::autograd::Function<FusedLoss> {
 public:
  static at::Tensor forward(AutogradContext* context,
                            const at::Tensor& logits,
                            const at::Tensor& labels,
                            const at::Tensor& weights,
                            const at::Tensor& pixel_weights,
                            double dice_weight) {
    auto guess = torch::zeros_like(logits);
    const LossSums sums = sums_of(logits, labels, weights, pixel_weights, guess);
    const Dice dice(sums);
    const double weight = std::max(sums.weight, 1e-12);  // without labels 0
    auto slopes = torch::empty({2, logits.size(1)}, torch::kFloat64);
    for (std::size_t c = 0; c < dice.wrong.size(); ++c) {
      slopes.mutable_data_ptr<double>()[c] = dice_weight * dice.wrong[c];
      slopes.mutable_data_ptr<double>()[dice.wrong.size() + c] = dice_weight * dice.right[c];
    }
    context->save_for_backward({guess, labels, weights / weight, slopes, pixel_weights});
    return torch::scalar_tensor(sums.entropy / weight + dice_weight * dice.loss, logits.options());
  }

  static variable_list backward(AutogradContext* context, const variable_list& outer) {
    const auto saved = context->get_saved_variables();
    const auto &guess = saved[0], &labels = saved[1], &weights = saved[2], &slopes = saved[3],
               &pixel_weights = saved[4];
    const Extent extent(guess);
    auto gradient = torch::zeros_like(guess);
    const auto scale = outer[0].item<float>();
    const float* p = guess.const_data_ptr<float>();
    const float* weight = weights.const_data_ptr<float>();
    const auto slopes32 = slopes.to(torch::kFloat32);
    const float* wrong = slopes32.const_data_ptr<float>();
    const float* right = wrong + extent.classes;
    float* out = gradient.mutable_data_ptr<float>();
    extent.each_labelled(labels, pixel_weights, [&](std::int64_t at, std::int64_t label, float part) {
      const auto slope = [&](std::int64_t c) { return c == label ? right[c] : wrong[c]; };
      float mean = 0;
      for (std::int64_t c = 0; c < extent.classes; ++c) mean += slope(c) * p[at + c * extent.pixels];
      const float of_entropy = label < extent.classes ? weight[label] : 0;
      for (std::int64_t c = 0; c < extent.classes; ++c) {
        const float guessed = p[at + c * extent.pixels], truth = c == label ? 1 : 0;
        out[at + c * extent.pixels] =
            scale * part * (of_entropy * (guessed - truth) + guessed * (slope(c) - mean));
      }
    });
    return {gradient, {}, {}, {}, {}};
  }
};

}  // namespace

at::Tensor fused_segmentation_loss(const at::Tensor& logits,
                                   const at::Tensor& labels,
                                   const SegmentationLossOptions& options,
                                   const at::Tensor& pixel_weights) {
  const auto weights = options.class_weights.defined() ? options.class_weights
                                                       : torch::ones({logits.size(1)}, torch::kFloat32);
  const auto parts =
      pixel_weights.defined() ? pixel_weights.to(torch::kFloat32).contiguous() : torch::empty({0});
  return FusedLoss::apply(logits.contiguous(), labels.contiguous(), weights.contiguous(), parts,
                          options.dice_weight);
}

}  // namespace scarp::nn

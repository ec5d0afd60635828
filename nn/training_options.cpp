// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <stdexcept>

#include "nn/learner.h"

namespace scarp::nn {
namespace {

void require(bool condition, const std::string& sentence) {
  if (!condition) throw std::invalid_argument(sentence);
}

}  // namespace

void ContrastOptions::check() const {
  require(weight >= 0 && std::isfinite(weight),
          "contrast.weight must not be negative, is " + std::to_string(weight));
  require(temperature > 0, "contrast.temperature must be positive, is " + std::to_string(temperature));
  require(ramp >= 0 && ramp <= 1, "contrast.ramp must lie in 0 to 1, is " + std::to_string(ramp));
  require(stride >= 4, "contrast.stride must be at least 4, is " + std::to_string(stride));
  require(band >= 1, "contrast.band must be at least 1, is " + std::to_string(band));
  require(width >= 2 && width <= 4096, "contrast.width must lie in 2 to 4096, is " + std::to_string(width));
  require(queue >= 1 && queue <= 1 << 20,
          "contrast.queue must lie in 1 to 1048576, is " + std::to_string(queue));
  require(warmup >= 1 && warmup <= queue,
          "contrast.warmup must lie in 1 to contrast.queue, is " + std::to_string(warmup));
  require(draws >= 1 && draws <= 4096, "contrast.draws must lie in 1 to 4096, is " + std::to_string(draws));
}

int ContrastOptions::level(int input_stride) const {
  for (int level = 1; level <= 3; ++level) {
    if (stride == (2 << level) * input_stride) return level;
  }
  throw std::invalid_argument("contrast.stride must be 4, 8 or 16 times network.input_stride (" +
                              std::to_string(input_stride) + "), is " + std::to_string(stride));
}

void BackboneOptions::check() const {
  require(rate > 0 && rate <= 10,
          "training.backbone_rate must be positive and at most 10, is " + std::to_string(rate));
  require(layer_decay > 0 && layer_decay <= 1,
          "training.layer_decay must be positive and at most 1, is " + std::to_string(layer_decay));
}

void TrainingOptions::check() const {
  require(epochs >= 1, "training.epochs must be at least 1, is " + std::to_string(epochs));
  require(batch >= 2, "training.batch must be at least 2 (batch norm), is " + std::to_string(batch));
  require(learning_rate > 0, "training.learning_rate must be positive, is " + std::to_string(learning_rate));
  require(weight_decay >= 0,
          "training.weight_decay must not be negative, is " + std::to_string(weight_decay));
  require(warmup >= 0 && warmup < 1, "training.warmup must lie in 0 to 1, is " + std::to_string(warmup));
  require(clip_norm >= 0, "training.clip_norm must not be negative, is " + std::to_string(clip_norm));
  require(dice_weight >= 0, "training.dice_weight must not be negative, is " + std::to_string(dice_weight));
  require(toe_weight >= 0 && toe_weight <= 1,
          "training.toe_weight must lie in 0 to 1, is " + std::to_string(toe_weight));
  require(toe_width >= 1 && toe_width <= 32,
          "training.toe_width must lie in 1 to 32, is " + std::to_string(toe_width));
  require(average_decay >= 0 && average_decay < 1,
          "training.average_decay must lie in 0 to 1, is " + std::to_string(average_decay));
  require(photometric >= 0 && photometric < 1,
          "training.photometric must lie in 0 to 1, is " + std::to_string(photometric));
  for (const double weight : class_weights)
    require(weight >= 0 && std::isfinite(weight),
            "training.class_weights must not be negative, holds " + std::to_string(weight));
  require(rotation >= 0 && rotation <= 45,
          "training.rotation must lie in 0 to 45 degrees, is " + std::to_string(rotation));
  require(scale >= 1 && scale <= 2, "training.scale must lie in 1 to 2, is " + std::to_string(scale));
  require(drop_optical >= 0 && drop_terrain >= 0 && drop_optical + drop_terrain < 1,
          "training.drop_optical and training.drop_terrain must not be negative and leave samples with both, "
          "are " +
              std::to_string(drop_optical) + " and " + std::to_string(drop_terrain));
  require(patience >= 0, "training.patience must not be negative, is " + std::to_string(patience));
  contrast.check();
  backbones.check();
  require(threads >= 1, "training.threads must be at least 1, is " + std::to_string(threads));
}

double ClassCounts::f1() const {
  const auto all = 2 * true_positive + false_positive + false_negative;
  return all == 0 ? 0 : 2.0 * static_cast<double>(true_positive) / static_cast<double>(all);
}

double ClassCounts::iou() const {
  const auto all = true_positive + false_positive + false_negative;
  return all == 0 ? 0 : static_cast<double>(true_positive) / static_cast<double>(all);
}

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>

#include "nn/pretrainer.h"
#include "nn/torch/vision_transformer.h"

namespace scarp::nn {

const char* name_of(PretrainMethod method) {
  if (method == PretrainMethod::mae) return "mae";
  return method == PretrainMethod::hpm ? "hpm" : "msn";
}

void PretrainOptions::check() const {
  static_cast<void>(vision_transformer_named(backbone));
  const auto within = [](const char* field, double value, double lowest, double highest) {
    if (value >= lowest && value <= highest) return;
    throw std::invalid_argument(std::string(field) + " must lie in " + std::to_string(lowest) + " to " +
                                std::to_string(highest) + ", is " + std::to_string(value));
  };
  within("mask_ratio", mask_ratio, 0, 0.99);
  within("epochs", epochs, 1, 1e6);
  within("batch", batch, 2, 65536);
  within("learning_rate", learning_rate, 0, 10);
  within("warmup", warmup, 0, 0.99);
  within("weight_decay", weight_decay, 0, 10);
  within("clip_norm", clip_norm, 0, 1e6);
  within("smallest_crop", smallest_crop, 0, 1);
  within("ground_ratio", ground_ratio, 1e-6, 1e6);
  within("drop_modality", drop_modality, 0, 0.9);
  within("terrain_noise_m", terrain_noise_m, 0, 1e4);
  within("hardest_share", hardest_share, 0, 1);
  within("teacher_decay", teacher_decay, 0, 1);
  within("random_views", random_views, 1, 64);
  within("focal_views", focal_views, 0, 64);
  within("focal_side", focal_side, 0, 8192);
  within("prototypes", prototypes, 2, 1 << 20);
  within("head_hidden", head_hidden, 1, 65536);
  within("head_outputs", head_outputs, 2, 65536);
  within("temperature", temperature, 1e-3, 10);
  within("sharpening", sharpening, 1e-3, 1);
  within("me_max_weight", me_max_weight, 0, 1e3);
  within("sinkhorn_rounds", sinkhorn_rounds, 0, 100);
  within("photometric", photometric, 0, 1);
  within("threads", threads, 1, 1024);
}

PretrainOptions PretrainOptions::resolved() const {
  const bool siamese = method == PretrainMethod::msn;
  const auto rule = [](auto value, auto otherwise) { return value > 0 ? value : otherwise; };
  const VisionTransformerOptions named = vision_transformer_named(backbone);
  PretrainOptions result = *this;
  result.width = rule(width, static_cast<int>(named.width));
  result.depth = rule(depth, static_cast<int>(named.depth));
  result.heads = rule(heads, static_cast<int>(named.heads));
  result.mask_ratio = rule(mask_ratio, siamese ? 0.3 : 0.75);
  result.learning_rate = rule(learning_rate, siamese ? 1e-3 * batch / 1024 : 1.5e-4 * batch / 256);
  result.weight_decay = rule(weight_decay, siamese ? 0.04 : 0.05);
  result.clip_norm = rule(clip_norm, siamese ? 3.0 : 0.0);
  result.smallest_crop = rule(smallest_crop, siamese ? 0.3 : 0.2);
  return result;
}

BackboneCard backbone_card_for(const PretrainOptions& options, int side) {
  const PretrainOptions resolved = options.resolved();
  BackboneCard card;
  card.method = name_of(options.method);
  card.width = resolved.width;
  card.depth = resolved.depth;
  card.heads = resolved.heads;
  card.patch = vision_transformer_named(options.backbone).patch;
  card.side_px = side;
  card.learned_positions = options.method == PretrainMethod::msn;
  card.ground_ratio = options.ground_ratio;
  return card;
}

}  // namespace scarp::nn

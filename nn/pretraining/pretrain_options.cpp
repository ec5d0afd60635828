// SPDX-License-Identifier: Apache-2.0
#include <sstream>
#include <stdexcept>
#include <string>

#include "nn/pretrainer.h"
#include "nn/torch/vision_transformer.h"

namespace scarp::nn {
namespace {

// As people write them: 1000000, not 1e+06; 0.1, not 0.10000000000000001.
std::string short_number(double value) {
  std::ostringstream text;
  text.precision(15);
  text << value;
  return text.str();
}

// Fields are called what their keys in a run file are.
void within(const std::string& key, double value, double lowest, double highest) {
  if (value >= lowest && value <= highest) return;
  throw std::invalid_argument(key + " must lie in " + short_number(lowest) + " to " + short_number(highest) +
                              ", is " + short_number(value));
}

void multiple_of(const std::string& key, int value, const std::string& of, int divisor) {
  if (value % divisor == 0) return;
  throw std::invalid_argument(key + " must be a multiple of " + of + ", is " + std::to_string(value));
}

// Of attention, and of tables of sines and cosines in two directions.
void check_width(const std::string& part, int width, int heads, bool fixed_positions) {
  multiple_of(part + ".width", width, part + ".heads, " + std::to_string(heads), heads);
  if (fixed_positions) multiple_of(part + ".width", width, "4", 4);
}

void check_sizes(const PretrainOptions& options) {
  within("network.width", options.width, 0, 8192);
  within("network.depth", options.depth, 0, 256);
  within("network.heads", options.heads, 0, 8192);
  const PretrainOptions resolved = options.resolved();
  check_width("network", resolved.width, resolved.heads, options.method != PretrainMethod::msn);
  if (options.method == PretrainMethod::msn) return;
  within("decoder.width", options.decoder_width, 4, 8192);
  within("decoder.depth", options.decoder_depth, 1, 256);
  within("decoder.heads", options.decoder_heads, 1, 8192);
  check_width("decoder", options.decoder_width, options.decoder_heads, true);
}

void check_siamese(const PretrainOptions& options) {
  within("siamese.random_views", options.random_views, 1, 64);
  within("siamese.focal_views", options.focal_views, 0, 64);
  within("siamese.focal_side", options.focal_side, 0, 8192);
  within("siamese.prototypes", options.prototypes, 2, 1 << 20);
  within("siamese.head_hidden", options.head_hidden, 1, 65536);
  within("siamese.head_outputs", options.head_outputs, 2, 65536);
  within("siamese.temperature", options.temperature, 1e-3, 10);
  within("siamese.sharpening", options.sharpening, 1e-3, 1);
  within("siamese.me_max", options.me_max_weight, 0, 1e3);
  within("siamese.sinkhorn_rounds", options.sinkhorn_rounds, 0, 100);
  within("siamese.photometric", options.photometric, 0, 1);
}

}  // namespace

const char* name_of(PretrainMethod method) {
  if (method == PretrainMethod::mae) return "mae";
  return method == PretrainMethod::hpm ? "hpm" : "msn";
}

void PretrainOptions::check() const {
  static_cast<void>(vision_transformer_named(backbone));
  within("training.mask_ratio", mask_ratio, 0, 0.99);
  within("training.epochs", epochs, 1, 1e6);
  within("training.batch", batch, 2, 65536);
  within("training.learning_rate", learning_rate, 0, 10);
  within("training.warmup", warmup, 0, 0.99);
  within("training.weight_decay", weight_decay, 0, 10);
  within("training.clip_norm", clip_norm, 0, 1e6);
  within("training.smallest_crop", smallest_crop, 0, 1);
  within("training.threads", threads, 1, 1024);
  within("network.ground_ratio", ground_ratio, 1e-6, 1e6);
  check_sizes(*this);
  if (method == PretrainMethod::msn) check_siamese(*this);
  within("targets.drop_modality", drop_modality, 0, 0.9);
  within("targets.terrain_noise", terrain_noise_m, 0, 1e4);
  within("mining.hardest_share", hardest_share, 0, 1);
  within("mining.teacher_decay", teacher_decay, 0, 1);
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

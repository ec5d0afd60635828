// SPDX-License-Identifier: Apache-2.0
#include "nn/training/schedules.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <string_view>

namespace scarp::nn {

namespace {

constexpr double kStretch = 1.25;

double half_cosine(double from, double to, double progress) {
  return to + (from - to) * 0.5 * (1 + std::cos(std::numbers::pi * progress));
}

}  // namespace

double warm_cosine(double highest, double lowest, double epoch, double warmup, double epochs) {
  if (epoch < warmup) return highest * epoch / warmup;
  if (epochs <= warmup) return highest;
  return half_cosine(highest, lowest, (epoch - warmup) / (epochs - warmup));
}

double SiameseSchedules::stretched_steps() const {
  return kStretch * epochs * static_cast<double>(steps_an_epoch);
}

double SiameseSchedules::learning_rate(std::int64_t step) const {
  const auto number = static_cast<double>(step + 1);
  const double whole = std::floor(stretched_steps());
  const double first = std::floor(warmup * static_cast<double>(steps_an_epoch));
  if (number < first) return start_rate + number / std::max(1.0, first) * (highest_rate - start_rate);
  return half_cosine(highest_rate, final_rate, (number - first) / std::max(1.0, whole - first));
}

double SiameseSchedules::weight_decay(std::int64_t step) const {
  return half_cosine(first_decay, last_decay, static_cast<double>(step + 1) / std::floor(stretched_steps()));
}

double SiameseSchedules::momentum(std::int64_t step) const {
  return first_momentum + (last_momentum - first_momentum) * static_cast<double>(step) / stretched_steps();
}

double SiameseSchedules::sharpening(std::int64_t step) const {
  return first_sharpening +
         (last_sharpening - first_sharpening) * static_cast<double>(step) / stretched_steps();
}

std::int64_t layer_of_parameter(const char* name, std::int64_t depth) {
  const std::string_view text = name;
  if (text == "cls_token" || text == "pos_embed" || text.starts_with("patch_embed")) return 0;
  constexpr std::string_view kBlocks = "blocks.";
  if (text.starts_with(kBlocks)) return std::strtoll(name + kBlocks.size(), nullptr, 10) + 1;
  return depth + 1;
}

double layer_rate(double decay, std::int64_t layer, std::int64_t depth) {
  return std::pow(decay, static_cast<double>(depth + 1 - layer));
}

}  // namespace scarp::nn

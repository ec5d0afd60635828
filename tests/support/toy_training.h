// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "nn/error.h"
#include "nn/io/checkpoint.h"
#include "nn/learner.h"

namespace scarp::test {

/// A model that is small enough to train in a test: one optical channel, gradients and relative elevation.
inline nn::ModelCard toy_card() {
  nn::ModelCard card;
  card.name = "toy";
  card.scarp_version = "0.0.0";
  card.network.width = 0.125;
  card.network.dropout = 0;
  card.optical = {{"red", "digital number", 100, 50}};
  card.terrain = {
      {"relative_elevation_17", "m", 0, 10}, {"gradient_east", "1", 0, 0.2}, {"gradient_north", "1", 0, 0.2}};
  card.classes = {{0, "background", {0, 0, 0}}, {1, "landslide", {255, 0, 0}}};
  card.gsd_min_m = 1;
  card.gsd_max_m = 10;
  card.tile_px = 64;
  card.overlap_px = 16;
  return card;
}

inline nn::TrainingOptions toy_options() {
  nn::TrainingOptions options;
  options.epochs = 2;
  options.batch = 4;
  options.device = "cpu";
  options.learning_rate = 3e-3;
  return options;
}

/// Dark discs in a noisy ground; the discs also lie lower. A corner is invalid and holds NaN, a strip has no
/// label.
class ToySamples : public nn::SampleSource {
 public:
  explicit ToySamples(std::int64_t size, int side = 64, std::uint64_t seed = 1)
      : size_(size), side_(side), seed_(seed) {}
  int side() const override { return side_; }
  std::int64_t size() const override { return size_; }
  std::string place(std::int64_t epoch, std::int64_t index) const override {
    return "toy sample " + std::to_string(index) + " of pass " + std::to_string(epoch);
  }
  void fill(std::int64_t, std::int64_t index, const nn::SampleView& out) override {
    ++fills_;
    std::uint64_t state = seed_ * 7919 + static_cast<std::uint64_t>(index) * 104729 + 1;
    const auto draw = [&state] {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      return static_cast<double>(state >> 11) * 0x1p-53;
    };
    const double row0 = side_ * (0.3 + 0.4 * draw()), col0 = side_ * (0.3 + 0.4 * draw());
    const double radius = side_ * (0.15 + 0.1 * draw());
    const std::size_t pixels = static_cast<std::size_t>(side_) * static_cast<std::size_t>(side_);
    for (std::size_t i = 0; i < pixels; ++i) {
      const auto row = static_cast<double>(i / static_cast<std::size_t>(side_));
      const auto col = static_cast<double>(i % static_cast<std::size_t>(side_));
      const bool inside = std::hypot(row - row0, col - col0) < radius;
      const bool valid = row + col > 6;
      const float nothing = std::numeric_limits<float>::quiet_NaN();
      out.optical[i] = valid ? static_cast<float>((inside ? 60 : 140) + 40 * draw()) : nothing;
      out.terrain[i] = valid ? static_cast<float>((inside ? -8 : 3) + 4 * draw()) : nothing;
      out.terrain[pixels + i] = static_cast<float>(0.1 * draw());
      out.terrain[2 * pixels + i] = static_cast<float>(0.1 * draw());
      out.valid[i] = out.terrain_valid[i] = valid ? 1 : 0;
      out.labels[i] = !valid || row >= side_ - 2 ? nn::kIgnoreLabel : (inside ? 1 : 0);
    }
    spoil(index, out);
  }
  std::int64_t fills() const { return fills_; }

 protected:
  virtual void spoil(std::int64_t, const nn::SampleView&) {}

 private:
  std::int64_t size_;
  int side_;
  std::uint64_t seed_;
  std::int64_t fills_ = 0;
};

/// A model file with random weights from a seed; running statistics are not trivial either.
inline void write_random_model(const std::string& path, const nn::ModelCard& card, std::uint64_t seed = 7) {
  auto network = nn::make_network(card);
  nn::initialise(*network, seed);
  const torch::NoGradGuard no_grad;
  double phase = 0;
  for (auto& item : network->named_buffers()) {
    if (!item.value().is_floating_point()) continue;
    item.value().add_(0.1 * std::sin(phase += 1));
  }
  nn::NamedTensors tensors;
  nn::collect(*network, nn::kModelPrefix, tensors);
  nn::write_tensors(path, {{nn::kCardKey, card.to_json()}}, tensors);
}

/// What a call throws: its fault and text; no throw is a failed test.
template <typename Call>
std::pair<nn::Fault, std::string> nn_error_of(Call&& call) {
  try {
    std::forward<Call>(call)();
  } catch (const nn::Error& error) {
    return {error.fault(), error.what()};
  }
  ADD_FAILURE() << "no nn::Error was thrown";
  return {};
}

}  // namespace scarp::test

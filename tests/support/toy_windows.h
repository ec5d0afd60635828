// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "nn/pretrainer.h"

namespace scarp::test {

/// Windows of 32 pixels with one optical and two terrain channels: noisy waves whose direction and length
/// tell the windows apart. Where `holes`, a corner holds no data, and NaN.
class ToyWindows : public nn::WindowSource {
 public:
  ToyWindows(std::int64_t size, bool optical, bool terrain, bool holes = false, int side = 32)
      : size_(size), optical_(optical), terrain_(terrain), holes_(holes), side_(side) {}
  int side() const override { return side_; }
  std::int64_t size() const override { return size_; }
  std::string place(std::int64_t, std::int64_t index) const override {
    return "toy window " + std::to_string(index);
  }
  void fill(std::int64_t, std::int64_t index, const nn::WindowView& out) override {
    std::uint64_t state = static_cast<std::uint64_t>(index) * 104729 + 12345;
    const auto draw = [&state] {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      return static_cast<double>(state >> 11) * 0x1p-53;
    };
    const double angle = 3.1 * draw(), frequency = 0.2 + 0.6 * draw(), phase = 6 * draw();
    const auto pixels = static_cast<std::size_t>(side_) * static_cast<std::size_t>(side_);
    for (std::size_t i = 0; i < pixels; ++i) {
      const double row = static_cast<double>(i / static_cast<std::size_t>(side_));
      const double col = static_cast<double>(i % static_cast<std::size_t>(side_));
      const double wave =
          std::sin(frequency * (row * std::sin(angle) + col * std::cos(angle)) + phase) + 0.1 * draw();
      const bool there = !holes_ || row + col > 12;
      out.valid[i] = there && optical_;
      out.terrain_valid[i] = there && terrain_;
      const float nothing = std::numeric_limits<float>::quiet_NaN();
      if (optical_) out.optical[i] = there ? static_cast<float>(100 + 40 * wave) : nothing;
      if (!terrain_) continue;
      out.terrain[i] = there ? static_cast<float>(3 * wave) : nothing;
      out.terrain[pixels + i] = there ? static_cast<float>(0.1 * draw()) : nothing;
    }
  }

 private:
  std::int64_t size_;
  bool optical_, terrain_, holes_;
  int side_;
};

inline nn::PretrainOptions tiny_pretraining(nn::PretrainMethod method) {
  nn::PretrainOptions options;
  options.method = method;
  options.backbone = "vit-t4";
  options.width = 32;
  options.depth = 2;
  options.heads = 2;
  options.decoder_width = 16;
  options.decoder_depth = 1;
  options.decoder_heads = 2;
  options.epochs = 3;
  options.batch = 8;
  options.learning_rate = 2e-3;
  options.focal_views = 2;
  options.prototypes = 16;
  options.head_hidden = 32;
  options.head_outputs = 16;
  options.device = "cpu";
  options.attention = nn::AttentionChoice::explicit_formula;  // no test hangs on what a clock says
  return options;
}

inline nn::BackboneCard toy_backbone(const nn::PretrainOptions& options, bool optical, bool terrain) {
  nn::BackboneCard card = nn::backbone_card_for(options, 32);
  card.name = "toy";
  if (optical) card.optical = {{"grey", "digital number", 100, 30}};
  if (terrain) card.terrain = {{"relative_elevation_17", "m", 0, 2}, {"slope", "degree", 0.05, 0.03}};
  card.grouped = optical && terrain && options.method == nn::PretrainMethod::mae;
  return card;
}

}  // namespace scarp::test

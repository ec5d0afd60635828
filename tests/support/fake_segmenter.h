// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "nn/segmenter.h"

namespace scarp::test {

/// A network without a network: says landslide where the first optical band is above a threshold, with a
/// logit that grows with it. What it says of a pixel depends on that pixel alone, so tiles, batches and
/// workers must not change a map.
class ThresholdSegmenter final : public nn::Segmenter {
 public:
  explicit ThresholdSegmenter(nn::ModelCard card, float threshold = 128)
      : card_(std::move(card)), threshold_(threshold) {}
  const nn::ModelCard& card() const override { return card_; }
  std::string device() const override { return "cpu"; }
  std::string precision() const override { return "fp32"; }
  void segment(const nn::TileBatch& batch, std::span<float> logits) const override {
    const auto plane = static_cast<std::size_t>(batch.rows) * static_cast<std::size_t>(batch.cols);
    const std::size_t bands = card_.optical.size();
    for (std::size_t tile = 0; tile < static_cast<std::size_t>(batch.tiles); ++tile) {
      for (std::size_t pixel = 0; pixel < plane; ++pixel) {
        const float value = batch.optical[tile * bands * plane + pixel];
        logits[2 * tile * plane + pixel] = 0;
        logits[(2 * tile + 1) * plane + pixel] = (value - threshold_) / 16;
      }
    }
  }

 private:
  nn::ModelCard card_;
  float threshold_;
};

/// A card for three bands, slope and any pixel size from 1 to 100 m.
inline nn::ModelCard small_card() {
  nn::ModelCard card;
  card.name = "threshold";
  card.optical = {{"red", "digital number", 128, 64},
                  {"green", "digital number", 128, 64},
                  {"blue", "digital number", 128, 64}};
  card.terrain = {{"slope", "degree", 10, 10}};
  card.classes = {{0, "background", {235, 235, 235}}, {1, "landslide", {213, 94, 0}}};
  card.gsd_min_m = 1;
  card.gsd_max_m = 100;
  card.tile_px = 64;
  card.overlap_px = 16;
  return card;
}

}  // namespace scarp::test

// SPDX-License-Identifier: Apache-2.0
#include "pipelines/pretraining/pretrain_sheets.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "nn/backbone.h"

namespace scarp::pipelines {
namespace {

constexpr std::int64_t kPaintedWindows = 6;
constexpr std::int64_t kComparedWindows = 192;
constexpr std::size_t kNeighbours = 6;

/// Windows as pictures, with their features: who is like whom.
struct ComparedWindows {
  std::vector<std::vector<float>> planes;  ///< normalised
  std::vector<std::vector<float>> features;
};

void normalise(std::vector<float>& planes,
               const nn::BackboneCard& card,
               std::span<const std::uint8_t> valid) {
  std::vector<nn::ChannelSpec> channels = card.optical;
  channels.insert(channels.end(), card.terrain.begin(), card.terrain.end());
  for (std::size_t c = 0; c < channels.size(); ++c)
    for (std::size_t i = 0; i < valid.size(); ++i) {
      float& value = planes[c * valid.size() + i];
      value = valid[i] == 0 ? 0 : static_cast<float>((value - channels[c].mean) / channels[c].deviation);
    }
}

ComparedWindows compared_windows(const nn::Backbone& backbone, nn::WindowSource& windows) {
  const nn::BackboneCard& card = backbone.card();
  const std::int64_t side = windows.side();
  const auto pixels = static_cast<std::size_t>(side * side);
  ComparedWindows result;
  for (std::int64_t i = 0; i < std::min(kComparedWindows, windows.size()); ++i) {
    std::vector<float> planes(pixels * static_cast<std::size_t>(card.channels()));
    std::vector<std::uint8_t> valid(pixels), terrain_valid(pixels);
    const std::span<float> optical(planes.data(), card.optical.size() * pixels);
    const std::span<float> terrain(planes.data() + optical.size(), card.terrain.size() * pixels);
    windows.fill(0, i * windows.size() / std::min(kComparedWindows, windows.size()),
                 {optical, terrain, valid, terrain_valid});
    const nn::BackboneWindow window{optical, terrain, valid, terrain_valid};
    auto features = backbone.features(std::span(&window, 1), side, side, nn::readout_for(card.method));
    result.features.push_back(std::move(features.front().window));
    normalise(planes, card, card.optical.empty() ? terrain_valid : valid);
    result.planes.push_back(std::move(planes));
  }
  return result;
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += static_cast<double>(a[i]) * b[i];
    aa += static_cast<double>(a[i]) * a[i];
    bb += static_cast<double>(b[i]) * b[i];
  }
  return ab / std::max(1e-12, std::sqrt(aa * bb));
}

std::vector<std::vector<std::vector<float>>> nearest_windows(const ComparedWindows& windows) {
  std::vector<std::vector<std::vector<float>>> rows;
  const std::size_t count = windows.planes.size(), asked = std::min<std::size_t>(kNeighbours, count);
  for (std::size_t q = 0; q < asked; ++q) {
    const std::size_t question = q * count / asked;
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::vector<double> likeness(count);
    for (std::size_t i = 0; i < count; ++i)
      likeness[i] = i == question ? 2 : cosine(windows.features[question], windows.features[i]);
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return likeness[a] > likeness[b]; });
    std::vector<std::vector<float>> row;
    for (std::size_t i = 0; i < std::min(count, kNeighbours + 1); ++i)
      row.push_back(windows.planes[order[i]]);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

PretrainSheets pretrain_sheets(const PretrainSettings& settings,
                               const nn::BackboneCard& card,
                               nn::WindowSource& windows,
                               const std::string& checkpoint,
                               const std::string& backbone_file) {
  PretrainSheets sheets;
  sheets.side = settings.window_side;
  sheets.patch = static_cast<int>(card.patch);
  sheets.optical = card.optical.size();
  sheets.channels = static_cast<std::size_t>(card.channels());
  std::vector<std::int64_t> painted;
  const std::int64_t count = std::min(kPaintedWindows, windows.size());
  for (std::int64_t i = 0; i < count; ++i) painted.push_back(i * windows.size() / count);
  if (settings.options.method != nn::PretrainMethod::msn)
    sheets.reconstructions = nn::reconstruct_windows(checkpoint, settings.options, windows, painted);
  const auto backbone = nn::load_backbone(backbone_file, settings.options.device, settings.options.threads);
  sheets.neighbours = nearest_windows(compared_windows(*backbone, windows));
  return sheets;
}

}  // namespace scarp::pipelines

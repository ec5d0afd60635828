// SPDX-License-Identifier: Apache-2.0
#include "pipelines/training/described_model.h"

#include <algorithm>

#include "geo/terrain.h"
#include "pipelines/terrain_units.h"
#include "pipelines/version.h"

namespace scarp::pipelines {

nn::ModelCard described_model(const RunSettings& settings) {
  nn::ModelCard card;
  card.name = settings.name;
  card.description = settings.description;
  card.licence = settings.licence;
  card.scarp_version = version();
  card.network = settings.network;
  for (const std::string& band : settings.bands) card.optical.push_back({band, "digital number", 0, 1});
  for (const std::string& name : settings.terrain) {
    card.terrain.push_back(
        {name, unit_of_terrain(geo::parse_terrain_channel(name), settings.terrain_unit), 0, 1});
  }
  card.optical_window_px = settings.bands_window;
  card.terrain_unit = settings.terrain_unit;
  card.classes = settings.classes;
  card.tile_px = settings.tile_px;
  card.overlap_px = settings.overlap_px;
  return card;
}

nn::AdoptedStatistics adopt_backbones(nn::ModelCard& card, const RunSettings& settings) {
  nn::AdoptedStatistics all;
  for (const nn::DetectorBackbone& backbone : settings.training.backbones.files) {
    const nn::AdoptedStatistics one = nn::adopt_backbone(card, backbone);
    all.optical = all.optical || one.optical;
    all.terrain = all.terrain || one.terrain;
  }
  return all;
}

void measure_model(nn::ModelCard& card,
                   const nn::AdoptedStatistics& adopted,
                   const RunSettings& settings,
                   std::vector<TrainingScene>& scenes) {
  const auto [smallest, largest] = std::minmax_element(
      scenes.begin(), scenes.end(), [](const auto& a, const auto& b) { return a.gsd_m < b.gsd_m; });
  card.gsd_min_m = settings.gsd_min_m > 0 ? settings.gsd_min_m : smallest->gsd_m;
  card.gsd_max_m = settings.gsd_max_m > 0 ? settings.gsd_max_m : largest->gsd_m;
  auto optical = card.optical, terrain = card.terrain;
  measure_channels(scenes, optical, terrain);
  if (!adopted.optical) card.optical = optical;
  if (!adopted.terrain) card.terrain = terrain;
}

}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#include "pipelines/terrain_units.h"

namespace scarp::pipelines {

float unit_factor(const geo::TerrainChannel& channel, nn::TerrainUnit unit, double gsd_m) {
  if (unit == nn::TerrainUnit::metres) return 1.0f;
  switch (channel.kind) {
    case geo::TerrainKind::elevation:
    case geo::TerrainKind::relative_elevation:
      return static_cast<float>(1.0 / gsd_m);
    case geo::TerrainKind::profile_curvature:
    case geo::TerrainKind::plan_curvature:
      return static_cast<float>(gsd_m);
    default:
      return 1.0f;
  }
}

std::vector<float> unit_factors(std::span<const geo::TerrainChannel> channels,
                                nn::TerrainUnit unit,
                                double gsd_m) {
  std::vector<float> factors;
  for (const geo::TerrainChannel& channel : channels) factors.push_back(unit_factor(channel, unit, gsd_m));
  return factors;
}

void to_model_units(std::span<const float> factors, std::span<float> planes) {
  if (factors.empty()) return;
  const std::size_t pixels = planes.size() / factors.size();
  for (std::size_t c = 0; c < factors.size(); ++c) {
    if (factors[c] == 1.0f) continue;
    for (float& value : planes.subspan(c * pixels, pixels)) value *= factors[c];
  }
}

std::vector<geo::TerrainChannel> terrain_channels(const nn::ModelCard& card) {
  std::vector<geo::TerrainChannel> channels;
  for (const nn::ChannelSpec& spec : card.terrain) channels.push_back(geo::parse_terrain_channel(spec.name));
  return channels;
}

std::string unit_of_terrain(const geo::TerrainChannel& channel, nn::TerrainUnit unit) {
  const bool pixels = unit == nn::TerrainUnit::pixels;
  switch (channel.kind) {
    case geo::TerrainKind::elevation:
    case geo::TerrainKind::relative_elevation:
      return pixels ? "px" : "m";
    case geo::TerrainKind::slope:
    case geo::TerrainKind::aspect:
      return "degree";
    case geo::TerrainKind::profile_curvature:
    case geo::TerrainKind::plan_curvature:
      return pixels ? "1/px" : "1/m";
    default:
      return "1";
  }
}

}  // namespace scarp::pipelines

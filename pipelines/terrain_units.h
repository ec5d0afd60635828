// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "geo/terrain.h"
#include "nn/model_card.h"

namespace scarp::pipelines {

/// Factor that brings a terrain channel from metres to the unit of a model: 1 for TerrainUnit::metres and for
/// angles and ratios; 1 / gsd for heights and gsd for curvatures in TerrainUnit::pixels.
float unit_factor(const geo::TerrainChannel& channel, nn::TerrainUnit unit, double gsd_m);

/// The factors of some channels. Source of the idea: a landscape at half the size has the same slopes, half
/// the relief and twice the curvature.
std::vector<float> unit_factors(std::span<const geo::TerrainChannel> channels,
                                nn::TerrainUnit unit,
                                double gsd_m);

/// The unit that a channel of a model has: "m", "px", "degree", "1/m", "1/px" or "1".
std::string unit_of_terrain(const geo::TerrainChannel& channel, nn::TerrainUnit unit);

/// Applies the factors to planes [channels, pixels] in place; factors of 1 cost nothing.
void to_model_units(std::span<const float> factors, std::span<float> planes);

/// The channels that a model card names. @throws geo::Error for a name that this version does not know
std::vector<geo::TerrainChannel> terrain_channels(const nn::ModelCard& card);

}  // namespace scarp::pipelines

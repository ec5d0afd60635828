// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nn/backbone_shape.h"
#include "nn/model_card.h"

namespace scarp::nn {

inline constexpr const char* kBackboneKey = "scarp_backbone";  ///< metadata key of a backbone's card

/// Everything a pretrained vision transformer says of itself beside its weights: what it wants to see. The
/// JSON document in the metadata of its file; files of others have none.
struct BackboneCard {
  std::string name;
  std::string description;  ///< what it was pretrained on
  std::string licence = "unspecified";
  std::string scarp_version;
  std::string method;  ///< "mae", "hpm", "msn"
  std::int64_t width = 0, depth = 0, heads = 0, patch = 0;
  std::int64_t side_px = 0;  ///< of the windows it was pretrained on; its position table is of their grid
  bool learned_positions = false;
  double ground_ratio = 1;           ///< of fixed positions, see nn/torch/positions.h
  bool grouped = false;              ///< optical and terrain have patch projections of their own
  std::vector<ChannelSpec> optical;  ///< with the statistics that normalise them
  std::vector<ChannelSpec> terrain;
  TerrainUnit terrain_unit = TerrainUnit::metres;
  double gsd_min_m = 0, gsd_max_m = 0;  ///< 0: images without a ground sampling distance
  std::string training = "{}";          ///< JSON: data, steps, options

  std::int64_t channels() const { return static_cast<std::int64_t>(optical.size() + terrain.size()); }
  void check() const;  ///< @throws std::invalid_argument naming the first field out of range
  BackboneShape shape() const;
  std::string to_json() const;
  static BackboneCard from_json(const std::string& json);  ///< @throws Error (unreadable)
  bool operator==(const BackboneCard&) const = default;
};

}  // namespace scarp::nn

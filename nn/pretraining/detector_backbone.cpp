// SPDX-License-Identifier: Apache-2.0
#include "nn/detector_backbone.h"

#include <optional>
#include <stdexcept>

#include "nn/error.h"
#include "nn/pretraining/channel_order.h"
#include "nn/pretraining/encoder_file.h"
#include "nn/torch/errors.h"

namespace scarp::nn {
namespace {

std::string names_of(const std::vector<ChannelSpec>& channels) {
  std::string names;
  for (const ChannelSpec& channel : channels) names += (names.empty() ? "" : ", ") + channel.name;
  return names.empty() ? "none" : names;
}

[[noreturn]] void refuse(const DetectorBackbone& backbone, const std::string& what) {
  throw Error(Fault::mismatch,
              backbone.path + " cannot be the " + to_string(backbone.role) + " encoder: " + what);
}

void require_role(const ModelCard& model, const DetectorBackbone& backbone) {
  const bool optical = !model.optical.empty(), terrain = !model.terrain.empty();
  const bool there = (backbone.role == BackboneRole::terrain || optical) &&
                     (backbone.role == BackboneRole::optical || terrain);
  if (there) return;
  throw Error(Fault::bad_argument, "a backbone is given for the " + to_string(backbone.role) +
                                       " encoder, but this model has " +
                                       (optical ? "no terrain" : "no optical") + " channels");
}

/// Whether all channels of the role are those of the backbone.
bool require_channels(const RoleChannels& channels, const DetectorBackbone& backbone) {
  for (std::size_t g = 0; g < channels.wanted.size(); ++g) {
    if (order_by_name(channels.wanted[g], channels.known[g])) continue;
    if (backbone.channels != ChannelMatch::exact) return false;
    refuse(backbone, "it sees the channels " + names_of(channels.known[g]) + ", this model has " +
                         names_of(channels.wanted[g]) +
                         ": give the same in any order, or have its patch projection adapted "
                         "(network.adapt_channels)");
  }
  return true;
}

void take_statistics(std::vector<ChannelSpec>& channels, const RoleChannels& role) {
  for (ChannelSpec& channel : channels) {
    for (const auto& group : role.known) {
      for (const ChannelSpec& known : group) {
        if (known.name != channel.name) continue;
        channel.mean = known.mean;
        channel.deviation = known.deviation;
      }
    }
  }
}

std::optional<BackboneShape>& place_of(NetworkOptions& network, BackboneRole role) {
  if (role == BackboneRole::optical) return network.optical_backbone;
  return role == BackboneRole::terrain ? network.terrain_backbone : network.joint_backbone;
}

}  // namespace

AdoptedStatistics adopt_backbone(ModelCard& card, const DetectorBackbone& backbone) {
  return with_our_errors("opening " + backbone.path, [&]() -> AdoptedStatistics {
    // with its weights: a card alone may say anything
    const BackboneCard known = read_encoder(backbone.path).card;
    require_role(card, backbone);
    const BackboneShape shape = known.shape();
    try {
      shape.check();
    } catch (const std::invalid_argument& error) {
      refuse(backbone, error.what());
    }
    const bool image = backbone.role != BackboneRole::terrain,
               ground = backbone.role != BackboneRole::optical;
    if (image && card.optical_window_px != 0)
      refuse(backbone,
             "it was pretrained on bands as they are, not on their local contrast: set bands_window: 0");
    const RoleChannels channels = channels_of_role(card, known, backbone.role);
    const bool same = require_channels(channels, backbone);
    if (same && ground && known.terrain_unit != card.terrain_unit)
      refuse(backbone, std::string("its terrain channels have lengths in ") +
                           (known.terrain_unit == TerrainUnit::pixels ? "pixels" : "metres") +
                           ": set terrain_unit to the same");
    place_of(card.network, backbone.role) = shape;
    if (!same || !backbone.own_statistics) return {};
    if (image) take_statistics(card.optical, channels);
    if (ground) take_statistics(card.terrain, channels);
    return {image, ground};
  });
}

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include "nn/pretraining/channel_order.h"

#include <algorithm>

namespace scarp::nn {
namespace {

using Channels = std::vector<ChannelSpec>;

Channels joined(const Channels& first, const Channels& second) {
  Channels all = first;
  all.insert(all.end(), second.begin(), second.end());
  return all;
}

}  // namespace

std::string to_string(BackboneRole role) {
  if (role == BackboneRole::optical) return "optical";
  return role == BackboneRole::terrain ? "terrain" : "joint";
}

RoleChannels channels_of_role(const ModelCard& model, const BackboneCard& backbone, BackboneRole role) {
  const bool image = role != BackboneRole::terrain, ground = role != BackboneRole::optical;
  if (!backbone.grouped) {
    return {{joined(image ? model.optical : Channels(), ground ? model.terrain : Channels())},
            {joined(backbone.optical, backbone.terrain)},
            0};
  }
  RoleChannels channels;
  channels.first_group = image ? 0 : 1;
  if (image) {
    channels.wanted.push_back(model.optical);
    channels.known.push_back(backbone.optical);
  }
  if (ground) {
    channels.wanted.push_back(model.terrain);
    channels.known.push_back(backbone.terrain);
  }
  return channels;
}

std::optional<std::vector<std::int64_t>> order_by_name(const Channels& wanted, const Channels& known) {
  if (wanted.size() != known.size()) return std::nullopt;
  std::vector<std::int64_t> order;
  for (const ChannelSpec& channel : wanted) {
    const auto found = std::find_if(known.begin(), known.end(),
                                    [&](const ChannelSpec& each) { return each.name == channel.name; });
    const auto number = static_cast<std::int64_t>(found - known.begin());
    if (found == known.end() || std::count(order.begin(), order.end(), number) > 0) return std::nullopt;
    order.push_back(number);
  }
  return order;
}

}  // namespace scarp::nn

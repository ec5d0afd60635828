// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "nn/backbone_card.h"
#include "nn/detector_backbone.h"

namespace scarp::nn {

/// The channels that an encoder of the detector sees, in groups as a backbone of these groups wants them.
struct RoleChannels {
  std::vector<std::vector<ChannelSpec>> wanted;  ///< of the model, one list a patch projection
  std::vector<std::vector<ChannelSpec>> known;   ///< of the backbone, beside each
  std::int64_t first_group = 0;                  ///< of a grouped backbone
};
RoleChannels channels_of_role(const ModelCard& model, const BackboneCard& backbone, BackboneRole role);

/// For each wanted channel its number among the known ones, by name; none if the two do not hold the same.
std::optional<std::vector<std::int64_t>> order_by_name(const std::vector<ChannelSpec>& wanted,
                                                       const std::vector<ChannelSpec>& known);

}  // namespace scarp::nn

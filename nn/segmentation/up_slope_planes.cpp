// SPDX-License-Identifier: Apache-2.0
#include "nn/segmentation/up_slope_planes.h"

#include <algorithm>
#include <string>

namespace scarp::nn {
namespace {

std::int64_t place_of(const ModelCard& card, const std::string& name) {
  const auto found = std::find_if(card.terrain.begin(), card.terrain.end(),
                                  [&](const ChannelSpec& channel) { return channel.name == name; });
  return found == card.terrain.end() ? -1 : found - card.terrain.begin();
}

}  // namespace

UpSlope UpSlopePlanes::view() const {
  const auto pixels = static_cast<std::size_t>(east.numel());
  return {{east.const_data_ptr<float>(), pixels},
          {north.const_data_ptr<float>(), pixels},
          {valid.const_data_ptr<std::uint8_t>(), pixels}};
}

UpSlopeChannels::UpSlopeChannels(const ModelCard& card)
    : east_(place_of(card, "gradient_east")), north_(place_of(card, "gradient_north")) {}

std::optional<UpSlopePlanes> UpSlopeChannels::of(const at::Tensor& terrain, const at::Tensor& valid) const {
  if (!there()) return std::nullopt;
  return UpSlopePlanes{terrain.select(1, east_).squeeze(0).contiguous(),
                       terrain.select(1, north_).squeeze(0).contiguous(), valid.contiguous()};
}

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include "nn/training/augmentation.h"

#include <algorithm>

#include <torch/torch.h>

#include "nn/error.h"

namespace scarp::nn {
namespace {

constexpr std::int64_t kAbsent = -1;

std::int64_t position_of(const std::vector<ChannelSpec>& channels, const std::string& name) {
  const auto found =
      std::find_if(channels.begin(), channels.end(), [&](const ChannelSpec& c) { return c.name == name; });
  return found == channels.end() ? kAbsent : found - channels.begin();
}

}  // namespace

at::Tensor turn_pixels(const at::Tensor& planes, const Turn& turn) {
  auto turned = turn.quarter_turns == 0 ? planes : torch::rot90(planes, turn.quarter_turns, {-2, -1});
  return turn.mirror ? turned.flip({-1}) : turned;
}

TerrainTurner::TerrainTurner(const std::vector<ChannelSpec>& channels) {
  for (const std::string fixed : {"hillshade", "aspect"}) {
    if (position_of(channels, fixed) != kAbsent) {
      throw Error(Fault::bad_argument, "the terrain channel " + fixed +
                                           " cannot be turned with the pixels: leave it out (gradient_east "
                                           "and gradient_north say the same), or switch "
                                           "flips off");
    }
  }
  const std::pair<std::string, std::string> names[] = {{"gradient_east", "gradient_north"},
                                                       {"eastness", "northness"}};
  for (const auto& [east, north] : names) {
    const Pair pair{position_of(channels, east), position_of(channels, north)};
    if (pair.east == kAbsent && pair.north == kAbsent) continue;
    if (pair.east == kAbsent || pair.north == kAbsent) {
      throw Error(Fault::bad_argument, "the terrain channels " + east + " and " + north +
                                           " can only be turned together: take both, or switch flips off");
    }
    pairs_.push_back(pair);
  }
}

// A quarter turn counter-clockwise brings what pointed east to north, and what pointed north to west.
at::Tensor TerrainTurner::operator()(const at::Tensor& planes, const Turn& turn) const {
  auto turned = turn_pixels(planes, turn);
  if (pairs_.empty() || (turn.quarter_turns == 0 && !turn.mirror)) return turned;
  turned = turned.clone();
  for (const Pair& pair : pairs_) {
    auto east = turned.select(0, pair.east).clone();
    auto north = turned.select(0, pair.north).clone();
    for (int i = 0; i < turn.quarter_turns; ++i) {
      const auto old_east = east;
      east = -north;
      north = old_east;
    }
    if (turn.mirror) east = -east;
    turned.select(0, pair.east).copy_(east);
    turned.select(0, pair.north).copy_(north);
  }
  return turned;
}

at::Tensor TerrainTurner::rotate_vectors(const at::Tensor& planes, double angle) const {
  if (pairs_.empty() || angle == 0) return planes;
  auto turned = planes.clone();
  for (const Pair& pair : pairs_) {
    const auto east = planes.select(0, pair.east), north = planes.select(0, pair.north);
    turned.select(0, pair.east).copy_(east * std::cos(angle) - north * std::sin(angle));
    turned.select(0, pair.north).copy_(east * std::sin(angle) + north * std::cos(angle));
  }
  return turned;
}

at::Tensor jitter(const at::Tensor& optical, double strength, std::mt19937_64& random) {
  const double contrast = 1 + strength * (2 * uniform(random) - 1);
  const double brightness = strength * (2 * uniform(random) - 1);
  return optical * contrast + brightness;
}

std::mt19937_64 sample_generator(std::uint64_t seed, std::int64_t epoch, std::int64_t index) {
  std::seed_seq sequence{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32),
                         static_cast<std::uint32_t>(epoch), static_cast<std::uint32_t>(index)};
  return std::mt19937_64(sequence);
}

double uniform(std::mt19937_64& random) {
  return static_cast<double>(random() >> 11) * 0x1.0p-53;
}

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "geo/error.h"
#include "geo/terrain.h"

namespace scarp::geo {
namespace {

struct NamedKind {
  TerrainKind kind;
  std::string_view name;
};

constexpr std::array<NamedKind, 11> kKinds = {{
    {TerrainKind::elevation, "elevation"},
    {TerrainKind::relative_elevation, "relative_elevation"},
    {TerrainKind::slope, "slope"},
    {TerrainKind::aspect, "aspect"},
    {TerrainKind::northness, "northness"},
    {TerrainKind::eastness, "eastness"},
    {TerrainKind::gradient_east, "gradient_east"},
    {TerrainKind::gradient_north, "gradient_north"},
    {TerrainKind::profile_curvature, "profile_curvature"},
    {TerrainKind::plan_curvature, "plan_curvature"},
    {TerrainKind::hillshade, "hillshade"},
}};

constexpr int kSmallestWindow = 3;
constexpr int kLargestWindow = 1025;

[[noreturn]] void refuse(const std::string& text) {
  std::string known;
  for (const NamedKind& named : kKinds) {
    known += (known.empty() ? "" : ", ") + std::string(named.name);
    if (named.kind == TerrainKind::relative_elevation) known += "_N";
  }
  throw Error(Fault::bad_argument, "\"" + text + "\" is not a terrain channel; known are " + known +
                                       " (N: side of the window in pixels, odd, 3..1025)");
}

}  // namespace

std::string to_string(const TerrainChannel& channel) {
  for (const NamedKind& named : kKinds) {
    if (named.kind != channel.kind) continue;
    const std::string name(named.name);
    return channel.kind == TerrainKind::relative_elevation ? name + "_" + std::to_string(channel.window_px)
                                                           : name;
  }
  throw Error(Fault::bad_argument,
              "terrain channel number " + std::to_string(static_cast<int>(channel.kind)) + " does not exist");
}

TerrainChannel parse_terrain_channel(const std::string& text) {
  for (const NamedKind& named : kKinds) {
    if (named.kind != TerrainKind::relative_elevation && text == named.name) return {named.kind, 0};
  }
  constexpr std::string_view kPrefix = "relative_elevation_";
  if (!text.starts_with(kPrefix)) refuse(text);
  int window = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + kPrefix.size(), end, window);
  const bool whole = error == std::errc() && stop == end;
  if (!whole || window < kSmallestWindow || window > kLargestWindow || window % 2 == 0) refuse(text);
  return {TerrainKind::relative_elevation, window};
}

int halo_px(std::span<const TerrainChannel> channels) {
  int halo = 0;
  for (const TerrainChannel& channel : channels) {
    const bool single = channel.kind == TerrainKind::elevation;
    const bool box = channel.kind == TerrainKind::relative_elevation;
    halo = std::max(halo, box ? channel.window_px / 2 : (single ? 0 : 1));
  }
  return halo;
}

}  // namespace scarp::geo

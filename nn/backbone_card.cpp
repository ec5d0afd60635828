// SPDX-License-Identifier: Apache-2.0
#include "nn/backbone_card.h"

#include <cmath>
#include <stdexcept>

#include "nn/error.h"
#include "nn/io/printable.h"
#include "nn/io/strict_json.h"

namespace scarp::nn {
namespace {

using CardJson = nlohmann::ordered_json;

constexpr std::int64_t kWidestBackbone = 8192;
constexpr std::int64_t kDeepestBackbone = 256;
constexpr std::int64_t kLargestPatchSide = 64;
constexpr std::int64_t kLargestWindowSide = 8192;
constexpr std::size_t kMostPlanes = 256;

void check_range(const char* field, std::int64_t value, std::int64_t lowest, std::int64_t highest) {
  if (value >= lowest && value <= highest) return;
  throw std::invalid_argument(std::string("backbone card: ") + field + " must lie in " +
                              std::to_string(lowest) + " to " + std::to_string(highest) + ", is " +
                              std::to_string(value));
}

void check_channels(const char* field, const std::vector<ChannelSpec>& channels) {
  for (const ChannelSpec& channel : channels) {
    if (std::isfinite(channel.mean) && std::isfinite(channel.deviation) && channel.deviation > 0) continue;
    throw std::invalid_argument(std::string("backbone card: ") + field + " channel " + channel.name +
                                " must have a mean and a positive deviation");
  }
}

CardJson channels_json(const std::vector<ChannelSpec>& channels) {
  CardJson list = CardJson::array();
  for (const ChannelSpec& c : channels)
    list.push_back({{"name", c.name}, {"unit", c.unit}, {"mean", c.mean}, {"deviation", c.deviation}});
  return list;
}

std::vector<ChannelSpec> channels_from(const CardJson& list) {
  std::vector<ChannelSpec> channels;
  for (const CardJson& c : list) {
    channels.push_back({c.at("name").get<std::string>(), c.at("unit").get<std::string>(),
                        c.at("mean").get<double>(), c.at("deviation").get<double>()});
  }
  return channels;
}

// A fraction, or a number beyond 64 bits, has no whole number that it could be converted to.
std::int64_t whole_number(const CardJson& json, const char* key) {
  const CardJson& value = json.at(key);
  if (value.is_number_integer()) return value.get<std::int64_t>();
  throw std::invalid_argument(std::string("backbone card: ") + key + " must be a whole number, is " +
                              value.dump(-1, ' ', false, CardJson::error_handler_t::replace));
}

TerrainUnit terrain_unit_from(const std::string& word) {
  if (word == "pixels") return TerrainUnit::pixels;
  if (word == "metres") return TerrainUnit::metres;
  throw std::invalid_argument("backbone card: terrain_unit must be metres or pixels, is " + printable(word));
}

BackboneCard card_from(const CardJson& json) {
  BackboneCard card;
  card.name = json.at("name").get<std::string>();
  card.description = json.at("description").get<std::string>();
  card.licence = json.at("licence").get<std::string>();
  card.scarp_version = json.at("scarp_version").get<std::string>();
  card.method = json.at("method").get<std::string>();
  card.width = whole_number(json, "width");
  card.depth = whole_number(json, "depth");
  card.heads = whole_number(json, "heads");
  card.patch = whole_number(json, "patch");
  card.side_px = whole_number(json, "side_px");
  card.learned_positions = json.at("learned_positions").get<bool>();
  card.ground_ratio = json.at("ground_ratio").get<double>();
  card.grouped = json.at("grouped").get<bool>();
  card.optical = channels_from(json.at("optical"));
  card.terrain = channels_from(json.at("terrain"));
  card.terrain_unit = terrain_unit_from(json.at("terrain_unit").get<std::string>());
  card.gsd_min_m = json.at("gsd_min_m").get<double>();
  card.gsd_max_m = json.at("gsd_max_m").get<double>();
  card.training = json.at("training").dump();
  return card;
}

}  // namespace

void BackboneCard::check() const {
  check_range("width", width, 1, kWidestBackbone);
  check_range("depth", depth, 1, kDeepestBackbone);
  check_range("heads", heads, 1, width);
  check_range("patch", patch, 1, kLargestPatchSide);
  check_range("side_px", side_px, patch, kLargestWindowSide);
  check_range("channels", channels(), 1, static_cast<std::int64_t>(kMostPlanes));
  if (width % heads != 0)
    throw std::invalid_argument("backbone card: width " + std::to_string(width) +
                                " must be a multiple of heads " + std::to_string(heads));
  if ((grouped || !learned_positions) && width % 4 != 0)
    throw std::invalid_argument("backbone card: width " + std::to_string(width) +
                                " must be a multiple of 4 with fixed positions");
  if (side_px % patch != 0)
    throw std::invalid_argument("backbone card: side_px " + std::to_string(side_px) +
                                " must be a multiple of patch " + std::to_string(patch));
  if (!std::isfinite(ground_ratio) || ground_ratio <= 0)
    throw std::invalid_argument("backbone card: ground_ratio must be positive");
  if (grouped && (optical.empty() || terrain.empty()))
    throw std::invalid_argument("backbone card: grouped needs optical and terrain channels");
  check_channels("optical", optical);
  check_channels("terrain", terrain);
}

BackboneShape BackboneCard::shape() const {
  BackboneShape shape;
  shape.name = name;
  shape.width = width;
  shape.depth = depth;
  shape.heads = heads;
  shape.patch = patch;
  shape.grid = side_px / patch;
  shape.learned_positions = learned_positions;
  shape.ground_ratio = ground_ratio;
  shape.grouped = grouped;
  return shape;
}

std::string BackboneCard::to_json() const {
  const CardJson document = {{"name", name},
                             {"description", description},
                             {"licence", licence},
                             {"scarp_version", scarp_version},
                             {"method", method},
                             {"width", width},
                             {"depth", depth},
                             {"heads", heads},
                             {"patch", patch},
                             {"side_px", side_px},
                             {"learned_positions", learned_positions},
                             {"ground_ratio", ground_ratio},
                             {"grouped", grouped},
                             {"optical", channels_json(optical)},
                             {"terrain", channels_json(terrain)},
                             {"terrain_unit", terrain_unit == TerrainUnit::pixels ? "pixels" : "metres"},
                             {"gsd_min_m", gsd_min_m},
                             {"gsd_max_m", gsd_max_m},
                             {"training", CardJson::parse(training)}};
  return dump_strict_json(document, "backbone card");
}

BackboneCard BackboneCard::from_json(const std::string& json) {
  try {
    BackboneCard card = card_from(parse_strict_json(json, "backbone card", 16));
    card.check();
    return card;
  } catch (const CardJson::exception& error) {
    throw Error(Fault::unreadable, std::string("backbone card: ") + error.what());
  } catch (const std::invalid_argument& error) {
    throw Error(Fault::unreadable, error.what());
  }
}

}  // namespace scarp::nn

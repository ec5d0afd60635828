// SPDX-License-Identifier: Apache-2.0
#include "nn/model_card.h"

#include <array>
#include <cmath>
#include <set>
#include <stdexcept>
#include <utility>

#include "nn/error.h"
#include "nn/io/card_values.h"
#include "nn/io/strict_json.h"

namespace scarp::nn {
namespace {

using Json = CardValue;

constexpr int kDeepestJson = 16;
constexpr std::size_t kLongestCardText = 200;
constexpr std::size_t kMostChannels = 256;
constexpr std::size_t kMostClasses = 254;
constexpr int kLargestTile = 16384;
constexpr int kLargestWindow = 255;

const std::pair<const char*, EncoderShape> kShapes[] = {{"resnet18", EncoderShape::resnet18},
                                                        {"resnet34", EncoderShape::resnet34},
                                                        {"resnet50", EncoderShape::resnet50}};
const std::pair<const char*, Fusion> kFusions[] = {{"all_levels", Fusion::all_levels},
                                                   {"high_levels", Fusion::high_levels},
                                                   {"early", Fusion::early}};
const std::pair<const char*, TerrainUnit> kTerrainUnits[] = {{"metres", TerrainUnit::metres},
                                                             {"pixels", TerrainUnit::pixels}};

template <typename E, std::size_t N>
const char* word_of(const std::pair<const char*, E> (&words)[N], E value) {
  for (const auto& [word, known] : words) {
    if (known == value) return word;
  }
  return words[0].first;
}

template <typename E, std::size_t N>
E value_of(const std::pair<const char*, E> (&words)[N], const std::string& key, const std::string& found) {
  std::string all;
  for (const auto& [word, value] : words) {
    if (found == word) return value;
    all += std::string(all.empty() ? "" : ", ") + word;
  }
  refuse_card(key, "one of " + all);
}

Json to_json(const BackboneShape& shape) {
  return {{"name", shape.name},
          {"width", shape.width},
          {"depth", shape.depth},
          {"heads", shape.heads},
          {"patch", shape.patch},
          {"grid", shape.grid},
          {"learned_positions", shape.learned_positions},
          {"ground_ratio", shape.ground_ratio},
          {"grouped", shape.grouped}};
}

BackboneShape backbone_from(const Json& object, const std::string& key) {
  if (!object.is_object()) refuse_card("network." + key, "an object");
  const auto count = [&](const char* field) { return card_integer(object, field, 1, kLargestTile); };
  BackboneShape shape;
  shape.name = card_text(object, "name", kLongestCardText);
  shape.width = count("width");
  shape.depth = count("depth");
  shape.heads = count("heads");
  shape.patch = count("patch");
  shape.grid = count("grid");
  shape.learned_positions = card_flag(object, "learned_positions");
  shape.ground_ratio = card_number(object, "ground_ratio", 1e-6, 1e6);
  shape.grouped = card_flag(object, "grouped");
  return shape;
}

// Keys of the card, and the options that they stand for: cards of networks without backbones have none.
template <typename Options>
auto backbones_of(Options& options) {
  return std::array{std::pair{"optical_backbone", &options.optical_backbone},
                    std::pair{"terrain_backbone", &options.terrain_backbone},
                    std::pair{"joint_backbone", &options.joint_backbone}};
}

Json to_json(const NetworkOptions& options) {
  Json object = {{"encoder", word_of(kShapes, options.encoder)},
                 {"width", options.width},
                 {"fusion", word_of(kFusions, options.fusion)},
                 {"fusion_strides", options.fusion_strides},
                 {"attention_reduction", options.attention_reduction},
                 {"input_stride", options.input_stride},
                 {"dropout", options.dropout}};
  for (const auto& [key, backbone] : backbones_of(options)) {
    if (*backbone) object[key] = to_json(**backbone);
  }
  return object;
}

NetworkOptions network_from(const Json& object) {
  if (!object.is_object()) refuse_card("network", "an object");
  NetworkOptions options;
  options.encoder = value_of(kShapes, "network.encoder", card_text(object, "encoder", kLongestCardText));
  options.width = card_number(object, "width", 0, 16);
  if (object.contains("fusion"))  // cards of before 0.2 have none
    options.fusion = value_of(kFusions, "network.fusion", card_text(object, "fusion", kLongestCardText));
  options.fusion_strides.clear();
  for (const Json& stride : card_list(object, "fusion_strides", 0, 5)) {
    if (!stride.is_number_integer()) refuse_card("network.fusion_strides", "a list of whole numbers");
    options.fusion_strides.push_back(stride.get<int>());
  }
  options.attention_reduction = card_integer(object, "attention_reduction", 1, 1024);
  options.input_stride = card_integer(object, "input_stride", 1, 8);
  options.dropout = card_number(object, "dropout", 0, 1);
  for (const auto& [key, backbone] : backbones_of(options)) {
    if (object.contains(key)) *backbone = backbone_from(object[key], key);
  }
  try {
    options.check();
  } catch (const std::invalid_argument& error) {
    throw Error(Fault::unreadable, std::string("the model card's network cannot be built: ") + error.what());
  }
  return options;
}

Json to_json(const std::vector<ChannelSpec>& channels) {
  Json array = Json::array();
  for (const ChannelSpec& c : channels)
    array.push_back({{"name", c.name}, {"unit", c.unit}, {"mean", c.mean}, {"deviation", c.deviation}});
  return array;
}

std::vector<ChannelSpec> channels_from(const Json& object, const std::string& key) {
  std::vector<ChannelSpec> channels;
  for (const Json& item : card_list(object, key, 0, kMostChannels)) {
    if (!item.is_object()) refuse_card(key, "a list of objects");
    channels.push_back({card_text(item, "name", kLongestCardText), card_text(item, "unit", kLongestCardText),
                        card_number(item, "mean", -1e30, 1e30), card_number(item, "deviation", 1e-30, 1e30)});
  }
  return channels;
}

Json to_json(const std::vector<ClassSpec>& classes) {
  Json array = Json::array();
  for (const ClassSpec& c : classes) array.push_back({{"id", c.id}, {"name", c.name}, {"colour", c.colour}});
  return array;
}

std::vector<ClassSpec> classes_from(const Json& object) {
  std::vector<ClassSpec> classes;
  std::set<int> ids;
  for (const Json& item : card_list(object, "classes", 2, kMostClasses)) {
    if (!item.is_object()) refuse_card("classes", "a list of objects");
    ClassSpec spec;
    spec.id = card_integer(item, "id", 0, 254);
    spec.name = card_text(item, "name", kLongestCardText);
    const Json& colour = card_list(item, "colour", 3, 3);
    for (std::size_t i = 0; i < 3; ++i) {
      if (!colour[i].is_number_integer() || colour[i].get<std::int64_t>() < 0 ||
          colour[i].get<std::int64_t>() > 255) {
        refuse_card("classes.colour", "three whole numbers from 0 to 255");
      }
      spec.colour[i] = colour[i].get<std::uint8_t>();
    }
    if (!ids.insert(spec.id).second) refuse_card("classes.id", "another in each class");
    classes.push_back(std::move(spec));
  }
  return classes;
}

Json to_json(const CalibrationSummary& calibration) {
  return {{"ece_before", calibration.ece_before},
          {"ece_after", calibration.ece_after},
          {"pixels", calibration.pixels},
          {"blocks", calibration.blocks}};
}

CalibrationSummary calibration_from(const Json& object) {
  if (!object.is_object()) refuse_card("calibration", "an object");
  CalibrationSummary calibration;
  calibration.ece_before = card_number(object, "ece_before", 0, 1);
  calibration.ece_after = card_number(object, "ece_after", 0, 1);
  for (const auto& [key, count] :
       {std::pair{"pixels", &calibration.pixels}, {"blocks", &calibration.blocks}}) {
    if (!card_member(object, key).is_number_integer()) refuse_card(key, "a whole number");
    *count = static_cast<std::int64_t>(card_number(object, key, 0, 1e15));
  }
  return calibration;
}

}  // namespace

std::string ModelCard::to_json() const {
  Json document = {{"format", 1},
                   {"name", name},
                   {"description", description},
                   {"licence", licence},
                   {"scarp_version", scarp_version},
                   {"network", nn::to_json(network)},
                   {"optical", nn::to_json(optical)},
                   {"terrain", nn::to_json(terrain)},
                   {"terrain_unit", word_of(kTerrainUnits, terrain_unit)},
                   {"classes", nn::to_json(classes)},
                   {"gsd_m", {{"min", gsd_min_m}, {"max", gsd_max_m}}},
                   {"tile_px", tile_px},
                   {"overlap_px", overlap_px},
                   {"temperature", temperature},
                   {"training", parse_strict_json(training, "the summary of the training", kDeepestJson)}};
  if (optical_window_px > 0) document["optical_window_px"] = optical_window_px;
  if (calibration.pixels > 0) document["calibration"] = nn::to_json(calibration);
  return dump_strict_json(document, "the model card");
}

ModelCard ModelCard::from_json(const std::string& json) {
  const Json document = parse_strict_json(json, "the model card", kDeepestJson);
  if (card_integer(document, "format", 0, 1'000'000) != 1)
    refuse_card("format", "1: this file was made by a later version of Scarp");
  ModelCard card;
  card.name = card_text(document, "name", kLongestCardText);
  card.description = card_text(document, "description", 100'000);
  card.licence = card_text(document, "licence", kLongestCardText);
  card.scarp_version = card_text(document, "scarp_version", kLongestCardText);
  card.network = network_from(card_member(document, "network"));
  card.optical = channels_from(document, "optical");
  if (document.contains("optical_window_px")) {
    card.optical_window_px = card_integer(document, "optical_window_px", 3, kLargestWindow);
    if (card.optical_window_px % 2 == 0) refuse_card("optical_window_px", "an odd number");
  }
  card.terrain = channels_from(document, "terrain");
  if (card.optical.empty() && card.terrain.empty()) refuse_card("optical", "not empty where terrain is");
  card.terrain_unit =
      value_of(kTerrainUnits, "terrain_unit", card_text(document, "terrain_unit", kLongestCardText));
  card.classes = classes_from(document);
  const Json& gsd = card_member(document, "gsd_m");
  if (!gsd.is_object()) refuse_card("gsd_m", "an object");
  card.gsd_min_m = card_number(gsd, "min", 0, 1e6);
  card.gsd_max_m = card_number(gsd, "max", card.gsd_min_m, 1e6);
  card.tile_px = card_integer(document, "tile_px", 32, kLargestTile);
  const int step = 32 * card.network.input_stride;
  if (card.tile_px % step != 0) refuse_card("tile_px", "a multiple of " + std::to_string(step));
  card.overlap_px = card_integer(document, "overlap_px", 0, card.tile_px - 1);
  card.temperature = document.contains("temperature") ? card_number(document, "temperature", 1e-3, 1e3) : 1;
  if (document.contains("calibration")) card.calibration = calibration_from(document["calibration"]);
  if (!card_member(document, "training").is_object()) refuse_card("training", "an object");
  card.training = card_member(document, "training").dump();
  return card;
}

}  // namespace scarp::nn

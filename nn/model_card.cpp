// SPDX-License-Identifier: Apache-2.0
#include "nn/model_card.h"

#include <cmath>
#include <set>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include "nn/error.h"
#include "nn/io/strict_json.h"

namespace scarp::nn {
namespace {

using Json = nlohmann::ordered_json;

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

[[noreturn]] void refuse(const std::string& key, const std::string& expected) {
  throw Error(Fault::unreadable, "the model card's key " + key + " must be " + expected);
}

const Json& member(const Json& object, const std::string& key) {
  const auto found = object.find(key);
  if (found == object.end()) throw Error(Fault::unreadable, "the model card has no key " + key);
  return *found;
}

double number(const Json& object, const std::string& key, double lowest, double highest) {
  const Json& value = member(object, key);
  if (!value.is_number()) refuse(key, "a number");
  const double result = value.get<double>();
  if (!(result >= lowest && result <= highest))
    refuse(key, "a number from " + std::to_string(lowest) + " to " + std::to_string(highest));
  return result;
}

int integer(const Json& object, const std::string& key, int lowest, int highest) {
  if (!member(object, key).is_number_integer()) refuse(key, "a whole number");
  return static_cast<int>(number(object, key, lowest, highest));
}

std::string text(const Json& object, const std::string& key, std::size_t longest) {
  const Json& value = member(object, key);
  if (!value.is_string()) refuse(key, "a text");
  auto result = value.get<std::string>();
  if (result.size() > longest) refuse(key, "a text of at most " + std::to_string(longest) + " bytes");
  return result;
}

const Json& list(const Json& object, const std::string& key, std::size_t fewest, std::size_t most) {
  const Json& value = member(object, key);
  if (!value.is_array() || value.size() < fewest || value.size() > most) {
    refuse(key, "a list of " + std::to_string(fewest) + " to " + std::to_string(most) + " items");
  }
  return value;
}

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
  refuse(key, "one of " + all);
}

Json to_json(const NetworkOptions& options) {
  return {{"encoder", word_of(kShapes, options.encoder)},
          {"width", options.width},
          {"fusion", word_of(kFusions, options.fusion)},
          {"fusion_strides", options.fusion_strides},
          {"attention_reduction", options.attention_reduction},
          {"input_stride", options.input_stride},
          {"dropout", options.dropout}};
}

NetworkOptions network_from(const Json& object) {
  if (!object.is_object()) refuse("network", "an object");
  NetworkOptions options;
  options.encoder = value_of(kShapes, "network.encoder", text(object, "encoder", kLongestCardText));
  options.width = number(object, "width", 0, 16);
  if (object.contains("fusion"))  // cards of before 0.2 have none
    options.fusion = value_of(kFusions, "network.fusion", text(object, "fusion", kLongestCardText));
  options.fusion_strides.clear();
  for (const Json& stride : list(object, "fusion_strides", 0, 5)) {
    if (!stride.is_number_integer()) refuse("network.fusion_strides", "a list of whole numbers");
    options.fusion_strides.push_back(stride.get<int>());
  }
  options.attention_reduction = integer(object, "attention_reduction", 1, 1024);
  options.input_stride = integer(object, "input_stride", 1, 8);
  options.dropout = number(object, "dropout", 0, 1);
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
  for (const Json& item : list(object, key, 0, kMostChannels)) {
    if (!item.is_object()) refuse(key, "a list of objects");
    channels.push_back({text(item, "name", kLongestCardText), text(item, "unit", kLongestCardText),
                        number(item, "mean", -1e30, 1e30), number(item, "deviation", 1e-30, 1e30)});
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
  for (const Json& item : list(object, "classes", 2, kMostClasses)) {
    if (!item.is_object()) refuse("classes", "a list of objects");
    ClassSpec spec;
    spec.id = integer(item, "id", 0, 254);
    spec.name = text(item, "name", kLongestCardText);
    const Json& colour = list(item, "colour", 3, 3);
    for (std::size_t i = 0; i < 3; ++i) {
      if (!colour[i].is_number_integer() || colour[i].get<std::int64_t>() < 0 ||
          colour[i].get<std::int64_t>() > 255) {
        refuse("classes.colour", "three whole numbers from 0 to 255");
      }
      spec.colour[i] = colour[i].get<std::uint8_t>();
    }
    if (!ids.insert(spec.id).second) refuse("classes.id", "another in each class");
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
  if (!object.is_object()) refuse("calibration", "an object");
  CalibrationSummary calibration;
  calibration.ece_before = number(object, "ece_before", 0, 1);
  calibration.ece_after = number(object, "ece_after", 0, 1);
  for (const auto& [key, count] :
       {std::pair{"pixels", &calibration.pixels}, {"blocks", &calibration.blocks}}) {
    if (!member(object, key).is_number_integer()) refuse(key, "a whole number");
    *count = static_cast<std::int64_t>(number(object, key, 0, 1e15));
  }
  return calibration;
}

}  // namespace

void NetworkOptions::check() const {
  const auto require = [](bool condition, const std::string& sentence) {
    if (!condition) throw std::invalid_argument(sentence);
  };
  require(width >= 0.125 && width <= 2, "network.width must lie in 0.125 to 2, is " + std::to_string(width));
  require(input_stride == 1 || input_stride == 2,
          "network.input_stride must be 1 or 2, is " + std::to_string(input_stride));
  require(dropout >= 0 && dropout < 1, "network.dropout must lie in 0 to 1, is " + std::to_string(dropout));
  require(attention_reduction >= 1,
          "network.attention_reduction must be at least 1, is " + std::to_string(attention_reduction));
  for (const int stride : fusion_strides) {
    require(stride == 2 || stride == 4 || stride == 8 || stride == 16 || stride == 32,
            "network.fusion_strides must be among 2, 4, 8, 16, 32, holds " + std::to_string(stride));
  }
}

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
  if (integer(document, "format", 0, 1'000'000) != 1)
    refuse("format", "1: this file was made by a later version of Scarp");
  ModelCard card;
  card.name = text(document, "name", kLongestCardText);
  card.description = text(document, "description", 100'000);
  card.licence = text(document, "licence", kLongestCardText);
  card.scarp_version = text(document, "scarp_version", kLongestCardText);
  card.network = network_from(member(document, "network"));
  card.optical = channels_from(document, "optical");
  if (document.contains("optical_window_px")) {
    card.optical_window_px = integer(document, "optical_window_px", 3, kLargestWindow);
    if (card.optical_window_px % 2 == 0) refuse("optical_window_px", "an odd number");
  }
  card.terrain = channels_from(document, "terrain");
  if (card.optical.empty() && card.terrain.empty()) refuse("optical", "not empty where terrain is");
  card.terrain_unit =
      value_of(kTerrainUnits, "terrain_unit", text(document, "terrain_unit", kLongestCardText));
  card.classes = classes_from(document);
  const Json& gsd = member(document, "gsd_m");
  if (!gsd.is_object()) refuse("gsd_m", "an object");
  card.gsd_min_m = number(gsd, "min", 0, 1e6);
  card.gsd_max_m = number(gsd, "max", card.gsd_min_m, 1e6);
  card.tile_px = integer(document, "tile_px", 32, kLargestTile);
  const int step = 32 * card.network.input_stride;
  if (card.tile_px % step != 0) refuse("tile_px", "a multiple of " + std::to_string(step));
  card.overlap_px = integer(document, "overlap_px", 0, card.tile_px - 1);
  card.temperature = document.contains("temperature") ? number(document, "temperature", 1e-3, 1e3) : 1;
  if (document.contains("calibration")) card.calibration = calibration_from(document["calibration"]);
  if (!member(document, "training").is_object()) refuse("training", "an object");
  card.training = member(document, "training").dump();
  return card;
}

}  // namespace scarp::nn

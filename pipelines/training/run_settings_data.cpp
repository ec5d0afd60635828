// SPDX-License-Identifier: Apache-2.0
#include "pipelines/training/run_settings_data.h"

#include <stdexcept>

#include <fmt/format.h>

#include "pipelines/runs/setting_builders.h"

namespace scarp::pipelines {
namespace {

const Names<nn::TerrainUnit> kUnits = {{"metres", nn::TerrainUnit::metres},
                                       {"pixels", nn::TerrainUnit::pixels}};
const Names<geo::DemGaps> kGaps = {{"fill", geo::DemGaps::fill}, {"mask", geo::DemGaps::mask}};
const Names<SceneUse> kUses = {{"split", SceneUse::split},
                               {"training", SceneUse::training},
                               {"validation", SceneUse::validation}};

SceneSettings scene_from(const YAML::Node& node, std::size_t number) {
  const std::string where = fmt::format("scenes[{}]", number);
  require_keys(node, {"name", "optical", "dem", "labels", "labelled_area", "smallest_px", "bands", "use"},
               where);
  SceneSettings scene;
  scene.paths.name = fmt::format("scene {}", number);
  take(node, "name", scene.paths.name);
  take(node, "optical", scene.paths.optical);
  take(node, "dem", scene.paths.dem);
  take(node, "labels", scene.paths.labels);
  take(node, "labelled_area", scene.paths.labelled_area);
  take(node, "smallest_px", scene.paths.smallest_px);
  take(node, "bands", scene.bands);
  if (node["use"]) scene.use = value_of(kUses, node["use"].as<std::string>());
  if (scene.paths.optical.empty()) throw std::invalid_argument(where + " needs the key optical");
  if (scene.paths.labels.empty()) throw std::invalid_argument(where + " needs the key labels");
  return scene;
}

YAML::Node node_of(const SceneSettings& scene) {
  YAML::Node node;
  node["name"] = scene.paths.name;
  node["optical"] = scene.paths.optical;
  if (!scene.paths.dem.empty()) node["dem"] = scene.paths.dem;
  node["labels"] = scene.paths.labels;
  if (!scene.paths.labelled_area.empty()) node["labelled_area"] = scene.paths.labelled_area;
  if (scene.paths.smallest_px > 0) node["smallest_px"] = scene.paths.smallest_px;
  if (!scene.bands.empty()) node["bands"] = scene.bands;
  node["use"] = name_of(kUses, scene.use);
  return node;
}

nn::ClassSpec class_from(const YAML::Node& node, std::size_t number) {
  require_keys(node, {"id", "name", "colour"}, fmt::format("classes[{}]", number));
  nn::ClassSpec spec;
  spec.id = node["id"] ? node["id"].as<int>() : static_cast<int>(number);
  spec.name = node["name"].as<std::string>();
  if (node["colour"]) {
    const auto colour = node["colour"].as<std::vector<int>>();
    if (colour.size() != 3) throw std::invalid_argument("colour must be [red, green, blue]");
    for (std::size_t i = 0; i < 3; ++i) {
      if (colour[i] < 0 || colour[i] > 255) throw std::invalid_argument("colour must lie in 0..255");
      spec.colour[i] = static_cast<std::uint8_t>(colour[i]);
    }
  }
  return spec;
}

YAML::Node node_of(const nn::ClassSpec& spec) {
  YAML::Node node;
  node["id"] = spec.id;
  node["name"] = spec.name;
  for (const std::uint8_t c : spec.colour) node["colour"].push_back(static_cast<int>(c));
  node["colour"].SetStyle(YAML::EmitterStyle::Flow);
  return node;
}

template <typename T>
YAML::Node list_node(const std::vector<T>& list) {
  YAML::Node node(YAML::NodeType::Sequence);
  for (const T& item : list) node.push_back(node_of(item));
  return node;
}

}  // namespace

std::vector<Setting> scene_settings() {
  return {
      value_setting<RunSettings>(
          "name", "", "name of the model; written into every product",
          [](RunSettings & s) -> auto& { return s.name; }),
      value_setting<RunSettings>(
          "description", "", "what the model is for, on what it was trained",
          [](RunSettings & s) -> auto& { return s.description; }),
      value_setting<RunSettings>(
          "licence", "", "licence of the model", [](RunSettings & s) -> auto& { return s.licence; }),
      {"scenes", "list of maps", "",
       "what to learn from; keys of each: name, optical, dem, labels (polygons FILE[:LAYER], or a raster "
       "with 255 = unknown), labelled_area "
       "(FILE[:LAYER], all, or box: the bounding box of the polygons; default: layer labelled_area of the "
       "labels' "
       "file), smallest_px (landslides of fewer pixels are unknown ground), bands (1-based), use (split, "
       "training or validation)",
       [](const RunSettings& s) { return list_node(s.scenes); },
       [](RunSettings& s, const YAML::Node& node) { s.scenes = list_from<SceneSettings>(node, scene_from); }},
  };
}

std::vector<Setting> channel_settings() {
  return {
      value_setting<RunSettings>(
          "bands", "", "names of the optical bands, in the order of the image; empty list: terrain alone",
          [](RunSettings & s) -> auto& { return s.bands; }),
      value_setting<RunSettings>(
          "bands_window", "px",
          "bands become local contrast: less their mean in an odd window of this side, over their deviation "
          "there; "
          "0: as they are",
          [](RunSettings & s) -> auto& { return s.bands_window; }),
      value_setting<RunSettings>(
          "terrain", "", "terrain channels, derived from the DEM; empty list: image alone",
          [](RunSettings & s) -> auto& { return s.terrain; }),
      choice_setting<RunSettings>(
          "terrain_unit", kUnits,
          "lengths in terrain channels as metres, or divided by the pixel size (for models of many pixel "
          "sizes)",
          [](RunSettings & s) -> auto& { return s.terrain_unit; }),
      choice_setting<RunSettings>(
          "dem_gaps", kGaps, "a hole in the DEM alone: mapped without terrain (fill) or nodata (mask)",
          [](RunSettings & s) -> auto& { return s.dem_gaps; }),
  };
}

std::vector<Setting> validity_settings() {
  return {
      {"classes", "list of maps", "",
       "classes in the order of the logits, background first; keys of each: id, name, colour [red, green, "
       "blue]",
       [](const RunSettings& s) { return list_node(s.classes); },
       [](RunSettings& s, const YAML::Node& node) {
         s.classes = list_from<nn::ClassSpec>(node, class_from);
       }},
      value_setting<RunSettings>(
          "gsd.min", "m", "smallest pixel size that the model is valid for; 0: that of the scenes",
          [](RunSettings & s) -> auto& { return s.gsd_min_m; }),
      value_setting<RunSettings>(
          "gsd.max", "m", "largest pixel size that the model is valid for; 0: that of the scenes",
          [](RunSettings & s) -> auto& { return s.gsd_max_m; }),
      value_setting<RunSettings>(
          "tile.size", "px",
          "side of the tiles in which scenes are mapped, a multiple of 32 times network.input_stride",
          [](RunSettings & s) -> auto& { return s.tile_px; }),
      value_setting<RunSettings>(
          "tile.overlap", "px", "what neighbouring tiles share, even",
          [](RunSettings & s) -> auto& { return s.overlap_px; }),
  };
}

}  // namespace scarp::pipelines

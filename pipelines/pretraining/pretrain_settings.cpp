// SPDX-License-Identifier: Apache-2.0
#include "pipelines/pretraining/pretrain_settings.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "geo/terrain.h"
#include "pipelines/error.h"

namespace scarp::pipelines {
namespace {

void demand(bool condition, const std::string& sentence) {
  if (!condition) throw Error(Fault::usage, sentence);
}

// Channels are known by their names wherever the backbone goes.
void demand_distinct(const std::string& key, std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end())
    throw Error(Fault::usage,
                fmt::format("The key {} names {} twice: channels are told by name.", key, *twice));
}

}  // namespace

std::int64_t PretrainSettings::patch() const {
  return nn::backbone_card_for(options, window_side).patch;
}

bool PretrainSettings::grouped() const {
  return options.method == nn::PretrainMethod::mae && !bands.empty() && !terrain.empty();
}

void PretrainSettings::check() const {
  try {
    options.check();
  } catch (const std::exception& error) {
    throw Error(Fault::usage, std::string("The run file: ") + error.what() + ".");
  }
  demand(scenes.empty() != images.empty(),
         "The run file must name either scenes (rasters) or images (folders), and not both.");
  demand(!bands.empty() || !terrain.empty(),
         "Both bands and terrain are empty: the network would see nothing.");
  demand(images.empty() || terrain.empty(),
         "Folders of images have no terrain: leave the key terrain out, or give scenes with a DEM.");
  demand(window_side > 0 && window_side % patch() == 0,
         fmt::format("windows.side is {}, but must be a multiple of the patch side of {}, {}.", window_side,
                     options.backbone, patch()));
  demand_distinct("bands", bands);
  demand_distinct("terrain", terrain);
  demand(valid_share > 0 && valid_share <= 1, "windows.valid_share must lie above 0 and be at most 1.");
  demand(windows_a_pass >= 0, "windows.per_pass must not be negative.");
  demand(surveyed_windows >= 1, "windows.surveyed must be at least 1.");
  demand(memory_mb >= 1, "windows.memory must be at least 1.");
  for (const std::string& channel : terrain) geo::parse_terrain_channel(channel);
  for (const UnlabelledScene& scene : scenes) {
    demand(!scene.dem.empty() || terrain.empty(),
           fmt::format("Scene {} has no dem, but terrain channels are asked for.", scene.name));
  }
}

PretrainSettings read_pretrain_settings(const std::string& file,
                                        std::span<const std::string> overrides,
                                        nn::PretrainMethod method) {
  PretrainSettings settings;
  settings.options.method = method;
  read_bound(bound(pretrain_settings_keys(), settings), file, overrides);
  demand(settings.options.method == method,
         fmt::format("{} is a run file of {}, but {} is asked for: use scarp pretrain {}.", file,
                     nn::name_of(settings.options.method), nn::name_of(method),
                     nn::name_of(settings.options.method)));
  for (UnlabelledScene& scene : settings.scenes) {
    scene.optical = beside_run_file(file, scene.optical);
    scene.dem = beside_run_file(file, scene.dem);
  }
  for (std::string& folder : settings.images) folder = beside_run_file(file, folder);
  settings.check();
  return settings;
}

std::string to_yaml(const PretrainSettings& settings) {
  PretrainSettings copy = settings;
  return yaml_of(bound(pretrain_settings_keys(), copy));
}

std::string pretrain_settings_table() {
  PretrainSettings defaults;
  return markdown_of(bound(pretrain_settings_keys(), defaults), {"scenes", "images"});
}

std::string pretrain_settings_schema() {
  PretrainSettings defaults;
  return schema_of(bound(pretrain_settings_keys(), defaults), "Scarp pretraining run file", {});
}

}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#include "pipelines/training/run_settings.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "geo/terrain.h"
#include "pipelines/error.h"
#include "pipelines/training/run_settings_table.h"

namespace scarp::pipelines {
namespace {

// A bare word names a backbone that ships.
bool is_name(const std::string& backbone) {
  return backbone.find_first_of("./") == std::string::npos;
}

void resolve_paths(RunSettings& settings, const std::string& file) {
  for (SceneSettings& scene : settings.scenes) {
    scene.paths.optical = beside_run_file(file, scene.paths.optical);
    scene.paths.dem = beside_run_file(file, scene.paths.dem);
    scene.paths.labels = beside_run_file(file, scene.paths.labels);
    if (scene.paths.labelled_area != "all" && scene.paths.labelled_area != "box")
      scene.paths.labelled_area = beside_run_file(file, scene.paths.labelled_area);
  }
  settings.folds_file = beside_run_file(file, settings.folds_file);
  for (std::string* backbone :
       {&settings.optical_backbone, &settings.terrain_backbone, &settings.joint_backbone}) {
    if (!is_name(*backbone)) *backbone = beside_run_file(file, *backbone);
  }
}

void list_backbones(RunSettings& settings) {
  const auto add = [&](nn::BackboneRole role, const std::string& path) {
    if (!path.empty())
      settings.training.backbones.files.push_back(
          {role, path, settings.adapt_channels, settings.own_backbone_statistics});
  };
  add(nn::BackboneRole::optical, settings.optical_backbone);
  add(nn::BackboneRole::terrain, settings.terrain_backbone);
  add(nn::BackboneRole::joint, settings.joint_backbone);
}

void require(bool condition, const std::string& sentence) {
  if (!condition) throw Error(Fault::usage, sentence);
}

void check_backbones(const RunSettings& settings) {
  if (settings.training.backbones.files.empty()) return;
  require(settings.network.input_stride == 1,
          "network.input_stride must be 1 with a backbone: it sees pixels of their own size.");
  require(settings.tile_px == settings.sample_side,
          fmt::format("tile.size is {}, but must be samples.side, {}, with a backbone: what it learns of "
                      "positions is of one grid.",
                      settings.tile_px, settings.sample_side));
  require(settings.joint_backbone.empty() || settings.network.fusion == nn::Fusion::early,
          "network.joint_backbone needs network.fusion: early, one encoder for both.");
}

}  // namespace

void RunSettings::check() const {
  require(!scenes.empty(), "The run file names no scenes: give at least one under the key scenes.");
  const auto has = [&](const char* channel) {
    return std::find(terrain.begin(), terrain.end(), channel) != terrain.end();
  };
  require(!bands.empty() || !terrain.empty(),
          "Both bands and terrain are empty: the network would see nothing.");
  require(classes.size() >= 2, "The key classes needs at least two classes, background first.");
  for (const std::string& channel : terrain) geo::parse_terrain_channel(channel);
  const int step = 32 * network.input_stride;
  require(sample_side > 0 && sample_side % step == 0,
          fmt::format("samples.side is {}, but must be a multiple of {}.", sample_side, step));
  require(tile_px > 0 && tile_px % step == 0,
          fmt::format("tile.size is {}, but must be a multiple of {}.", tile_px, step));
  require(block_side > 0 && block_side <= sample_side,
          fmt::format("samples.block is {}, but must lie in 1 to samples.side.", block_side));
  require(labelled_share > 0 && labelled_share <= 1,
          fmt::format("samples.labelled_share is {}, but must be positive and at most 1.", labelled_share));
  require(samples_a_block > 0, "samples.per_block must be at least 1.");
  require(validation_share >= 0 && validation_share < 1, "validation.share must lie in 0 to 1.");
  require(fold >= 0, fmt::format("validation.fold is {}, but folds are numbered from 1.", fold));
  require(fold == 0 || !folds_file.empty(),
          "A fold is chosen, but the run file names no folds file: give one under the key validation.folds "
          "(scarp folds makes it).");
  require(bands_window == 0 || (bands_window >= 3 && bands_window <= 255 && bands_window % 2 == 1),
          fmt::format("bands_window is {}, but must be 0 or an odd number from 3 to 255.", bands_window));
  require(temperature > 0, fmt::format("training.temperature must be positive, is {}.", temperature));
  require(training.toe_weight >= 1 || (has("gradient_east") && has("gradient_north")),
          fmt::format(
              "training.toe_weight is {}, but terrain has no gradient_east and gradient_north, by which toes "
              "are told from walls: add them, or leave toe_weight at 1.",
              training.toe_weight));
  require(gsd_min_m <= gsd_max_m, "gsd.min must not be larger than gsd.max.");
  for (const SceneSettings& scene : scenes) {
    require(!scene.paths.dem.empty() || terrain.empty(),
            fmt::format("Scene {} has no dem, but terrain channels are asked for.", scene.paths.name));
    require(scene.paths.smallest_px >= 0,
            fmt::format("Scene {}: smallest_px must not be negative.", scene.paths.name));
  }
  check_backbones(*this);
  try {
    network.check();
    training.check();
    if (training.contrast.on()) training.contrast.level(network.input_stride);
  } catch (const std::invalid_argument& error) {
    throw Error(Fault::usage, error.what());
  }
}

RunSettings read_run_settings(const std::string& file, std::span<const std::string> settings) {
  RunSettings result;
  read_bound(bound(run_settings_keys(), result), file, settings);
  resolve_paths(result, file);
  list_backbones(result);
  result.check();
  return result;
}

std::string to_yaml(const RunSettings& settings) {
  RunSettings copy = settings;
  return yaml_of(bound(run_settings_keys(), copy));
}

std::string settings_table() {
  RunSettings defaults;
  return markdown_of(bound(run_settings_keys(), defaults), {"scenes"});
}

}  // namespace scarp::pipelines

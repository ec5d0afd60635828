// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "datasets/scene.h"
#include "geo/aligned_stack.h"
#include "nn/learner.h"
#include "nn/model_card.h"

namespace scarp::pipelines {

/// What a scene is used for: by default its labelled ground is split into training and validation.
enum class SceneUse : std::uint8_t { split, training, validation };

/// Which weights of a training become its model.
enum class KeptWeights : std::uint8_t { last, best };

struct SceneSettings {
  datasets::ScenePaths paths;
  std::vector<int> bands;  ///< 1-based; empty: the first ones
  SceneUse use = SceneUse::split;
};

/// The defaults of nn, but with whichever precision is faster here.
inline nn::TrainingOptions measured_precision() {
  nn::TrainingOptions options;
  options.precision = nn::Precision::automatic;
  return options;
}

/// A training run, as its run file says it. Every field's key, type, unit, default and meaning stand in one
/// table (run_settings.cpp), from which the documentation is made.
struct RunSettings {
  std::string name = "my-model";
  std::string description;
  std::string licence = "unspecified";
  std::vector<SceneSettings> scenes;
  std::vector<std::string> bands = {"red", "green", "blue"};
  int bands_window = 0;
  std::vector<std::string> terrain = {"relative_elevation_17",  "relative_elevation_65",
                                      "relative_elevation_257", "gradient_east",
                                      "gradient_north",         "slope",
                                      "profile_curvature",      "plan_curvature"};
  nn::TerrainUnit terrain_unit = nn::TerrainUnit::metres;
  geo::DemGaps dem_gaps = geo::DemGaps::fill;
  std::vector<nn::ClassSpec> classes = {{0, "background", {235, 235, 235}}, {1, "landslide", {213, 94, 0}}};
  nn::NetworkOptions network;
  std::string optical_backbone;  ///< pretrained encoders, names or files; empty: none
  std::string terrain_backbone;
  std::string joint_backbone;
  nn::ChannelMatch adapt_channels = nn::ChannelMatch::exact;
  bool own_backbone_statistics = true;
  nn::TrainingOptions training = measured_precision();  ///< with the backbones, once read
  KeptWeights keep = KeptWeights::last;
  double temperature = 1;
  int sample_side = 256;
  int block_side = 128;
  int samples_a_block = 1;
  int memory_mb = 4096;
  double labelled_share = 1;
  double validation_share = 0.15;
  int validation_margin_px = 128;
  std::uint64_t split_seed = 1;
  std::string folds_file;
  int fold = 0;
  double gsd_min_m = 0;
  double gsd_max_m = 0;
  int tile_px = 512;
  int overlap_px = 128;
  void check() const;  ///< @throws Error (usage) naming the key
};

/// Reads a run file and applies "key.path=value" settings over it; paths in the file are relative to its
/// folder.
/// @throws Error (usage) for a file that cannot be read, an unknown key (with the nearest known one) or a
/// value of the wrong type
RunSettings read_run_settings(const std::string& file, std::span<const std::string> settings);

/// The whole run file that gives these settings, defaults written out.
std::string to_yaml(const RunSettings& settings);

/// All keys as a Markdown table: key, type, unit, default, meaning.
std::string settings_table();

}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "geo/aligned_stack.h"
#include "nn/pretrainer.h"
#include "pipelines/runs/bound_settings.h"

namespace scarp::pipelines {

/// Rasters without labels.
struct UnlabelledScene {
  std::string name;
  std::string optical;
  std::string dem;         ///< may be empty where no terrain channel is asked for
  std::vector<int> bands;  ///< 1-based; empty: the first ones
};

/// A pretraining run, as its run file says it. Every field's key, type, unit, default and meaning stand in
/// one table (pretrain_settings_table.cpp), from which the documentation is made.
struct PretrainSettings {
  std::string name = "my-backbone";
  std::string description;
  std::string licence = "unspecified";
  bool half = false;  ///< the backbone is written in half precision
  std::vector<UnlabelledScene> scenes;
  std::vector<std::string> images;  ///< folders
  std::vector<std::string> bands = {"red", "green", "blue"};
  std::vector<std::string> terrain;
  nn::TerrainUnit terrain_unit = nn::TerrainUnit::metres;
  int window_side = 128;
  int windows_a_pass = 0;
  double valid_share = 0.5;
  int surveyed_windows = 4096;
  int memory_mb = 1024;
  nn::PretrainOptions options;

  PretrainSettings() { options.precision = nn::Precision::automatic; }
  std::int64_t patch() const;
  bool grouped() const;  ///< optical and terrain have patch projections of their own
  void check() const;    ///< @throws Error (usage) naming the key
};

using PretrainSetting = SettingOf<PretrainSettings>;
/// All keys, in the order in which a run file is written.
const std::vector<PretrainSetting>& pretrain_settings_keys();

/// @param method  of the verb; a method in the file must be the same
/// @throws Error (usage), see read_bound
PretrainSettings read_pretrain_settings(const std::string& file,
                                        std::span<const std::string> overrides,
                                        nn::PretrainMethod method);
std::string to_yaml(const PretrainSettings& settings);
std::string pretrain_settings_table();   ///< Markdown
std::string pretrain_settings_schema();  ///< JSON schema

}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#include "pipelines/run_settings.h"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "geo/terrain.h"
#include "pipelines/error.h"
#include "pipelines/nearest_name.h"
#include "pipelines/run_settings_table.h"

namespace scarp::pipelines {
namespace fs = std::filesystem;
namespace {

std::vector<std::string> known_keys() {
  std::vector<std::string> keys;
  for (const Setting& setting : run_settings_keys()) keys.push_back(setting.key);
  return keys;
}

// "a.b" of a file: sections are maps whose dotted keys are in the table.
void apply(RunSettings& settings,
           const YAML::Node& node,
           const std::string& prefix,
           const std::string& file) {
  for (const auto& entry : node) {
    if (!entry.first.IsScalar())
      throw Error(Fault::usage, fmt::format("{}: a key below '{}' is no text.", file, prefix));
    const std::string key = prefix + entry.first.Scalar();
    const auto found = std::find_if(run_settings_keys().begin(), run_settings_keys().end(),
                                    [&](const Setting& s) { return s.key == key; });
    if (found != run_settings_keys().end()) {
      try {
        found->set(settings, entry.second);
      } catch (const YAML::Exception&) {
        throw Error(Fault::usage, fmt::format("{}: the key {} must be {}, not '{}'.", file, key, found->type,
                                              YAML::Dump(entry.second)));
      } catch (const std::invalid_argument& error) {
        throw Error(Fault::usage, fmt::format("{}: the key {}: {}.", file, key, error.what()));
      }
      continue;
    }
    const bool section = std::any_of(run_settings_keys().begin(), run_settings_keys().end(),
                                     [&](const Setting& s) { return s.key.rfind(key + ".", 0) == 0; });
    if (section && entry.second.IsMap()) {
      apply(settings, entry.second, key + ".", file);
    } else {
      throw Error(Fault::usage, fmt::format("{}: unknown key '{}'; did you mean '{}'?", file, key,
                                            nearest_name(key, known_keys())));
    }
  }
}

// Puts "a.b.0.c=value" over a document; numbers index lists.
void override_with(YAML::Node document, const std::string& setting) {
  const auto equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw Error(Fault::usage, fmt::format("--set {} must be written key.path=value.", setting));
  }
  YAML::Node node = document;
  std::string rest = setting.substr(0, equals);
  while (true) {
    const auto dot = rest.find('.');
    const std::string key = rest.substr(0, dot);
    const bool index = node.IsSequence() && !key.empty() &&
                       std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; });
    YAML::Node child = index ? node[std::stoul(key)] : node[key];
    if (dot == std::string::npos) {
      child = YAML::Load(setting.substr(equals + 1));
      return;
    }
    node.reset(child);
    rest = rest.substr(dot + 1);
  }
}

std::string beside(const fs::path& folder, const std::string& path) {
  const bool absolute = path.empty() || path == "all" || path.front() == '/';
  return absolute ? path : (folder / path).lexically_normal().string();
}

void resolve_paths(RunSettings& settings, const fs::path& folder) {
  for (SceneSettings& scene : settings.scenes) {
    scene.paths.optical = beside(folder, scene.paths.optical);
    scene.paths.dem = beside(folder, scene.paths.dem);
    scene.paths.labels = beside(folder, scene.paths.labels);
    scene.paths.labelled_area = beside(folder, scene.paths.labelled_area);
  }
  settings.folds_file = beside(folder, settings.folds_file);
}

void require(bool condition, const std::string& sentence) {
  if (!condition) throw Error(Fault::usage, sentence);
}

}  // namespace

void RunSettings::check() const {
  require(!scenes.empty(), "The run file names no scenes: give at least one under the key scenes.");
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
  require(samples_a_block > 0, "samples.per_block must be at least 1.");
  require(validation_share >= 0 && validation_share < 1, "validation.share must lie in 0 to 1.");
  require(fold >= 0, fmt::format("validation.fold is {}, but folds are numbered from 1.", fold));
  require(fold == 0 || !folds_file.empty(),
          "A fold is chosen, but the run file names no folds file: give one under the key validation.folds "
          "(scarp folds makes it).");
  require(bands_window == 0 || (bands_window >= 3 && bands_window <= 255 && bands_window % 2 == 1),
          fmt::format("bands_window is {}, but must be 0 or an odd number from 3 to 255.", bands_window));
  require(temperature > 0, fmt::format("training.temperature must be positive, is {}.", temperature));
  require(gsd_min_m <= gsd_max_m, "gsd.min must not be larger than gsd.max.");
  for (const SceneSettings& scene : scenes) {
    require(!scene.paths.dem.empty() || terrain.empty(),
            fmt::format("Scene {} has no dem, but terrain channels are asked for.", scene.paths.name));
  }
  try {
    network.check();
    training.check();
    if (training.contrast.on()) training.contrast.level(network.input_stride);
  } catch (const std::invalid_argument& error) {
    throw Error(Fault::usage, error.what());
  }
}

RunSettings read_run_settings(const std::string& file, std::span<const std::string> settings) {
  YAML::Node document;
  try {
    document = YAML::LoadFile(file);
    for (const std::string& setting : settings) override_with(document, setting);
  } catch (const YAML::BadFile&) {
    throw Error(Fault::usage,
                fmt::format("The run file {} cannot be read: give the path of a YAML file.", file));
  } catch (const YAML::Exception& error) {
    throw Error(Fault::usage, fmt::format("{} is not valid YAML: {}.", file, error.what()));
  }
  if (!document.IsMap())
    throw Error(Fault::usage, fmt::format("{} must hold a map of keys at its top.", file));
  RunSettings result;
  apply(result, document, "", file);
  resolve_paths(result, fs::absolute(file).parent_path());
  result.check();
  return result;
}

std::string to_yaml(const RunSettings& settings) {
  YAML::Node document;
  for (const Setting& setting : run_settings_keys()) {
    const auto dot = setting.key.find('.');
    YAML::Node value = setting.get(settings);
    if (value.IsSequence() && (value.size() == 0 || value[0].IsScalar()))
      value.SetStyle(YAML::EmitterStyle::Flow);
    if (dot == std::string::npos) {
      document[setting.key] = value;
    } else {
      document[setting.key.substr(0, dot)][setting.key.substr(dot + 1)] = value;
    }
  }
  return YAML::Dump(document) + "\n";
}

std::string settings_table() {
  const RunSettings defaults;
  std::string text = "| key | type | unit | default | meaning |\n|---|---|---|---|---|\n";
  for (const Setting& setting : run_settings_keys()) {
    YAML::Node value = setting.get(defaults);
    value.SetStyle(YAML::EmitterStyle::Flow);
    for (auto item : value) item.SetStyle(YAML::EmitterStyle::Flow);
    text += fmt::format(
        "| `{}` | {} | {} | {} | {} |\n", setting.key, setting.type, setting.unit,
        setting.key == "scenes" || YAML::Dump(value) == "\"\"" ? "" : "`" + YAML::Dump(value) + "`",
        setting.meaning);
  }
  return text;
}

}  // namespace scarp::pipelines

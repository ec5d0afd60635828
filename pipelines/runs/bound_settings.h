// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <yaml-cpp/yaml.h>

namespace scarp::pipelines {

/// One key of a kind of run files: the only place where it is named. Those of training stand in
/// training/run_settings_table.h, those of pretraining in pretraining/pretrain_settings_table.cpp.
template <typename Settings>
struct SettingOf {
  std::string key;
  std::string type;
  std::string unit;
  std::string meaning;
  std::function<YAML::Node(const Settings&)> get;
  std::function<void(Settings&, const YAML::Node&)> set;
};

/// A key with the settings it belongs to.
struct BoundSetting {
  std::string key;
  std::string type;
  std::string unit;
  std::string meaning;
  std::function<YAML::Node()> get;
  std::function<void(const YAML::Node&)> set;
};

template <typename Settings>
std::vector<BoundSetting> bound(const std::vector<SettingOf<Settings>>& table, Settings& settings) {
  std::vector<BoundSetting> result;
  for (const auto& each : table) {
    result.push_back({each.key, each.type, each.unit, each.meaning, [&] { return each.get(settings); },
                      [&](const YAML::Node& node) { each.set(settings, node); }});
  }
  return result;
}

/// Reads a run file, applies "key.path=value" over it and sets what it names.
/// @throws Error (usage) for a file that cannot be read, an unknown key (with the nearest known one) or a
/// value of the wrong type
void read_bound(const std::vector<BoundSetting>& table,
                const std::string& file,
                std::span<const std::string> overrides);

/// The whole run file that gives these settings.
std::string yaml_of(const std::vector<BoundSetting>& table);
/// The keys as a Markdown table; what `table` is bound to is the default.
/// @param without_default  keys whose default is not shown
std::string markdown_of(const std::vector<BoundSetting>& table,
                        const std::vector<std::string>& without_default);
/// The JSON schema of the run file.
std::string schema_of(const std::vector<BoundSetting>& table,
                      const std::string& title,
                      const std::vector<std::string>& required);

/// `path` as seen from the run file's folder; absolute ones and /vsi ones stay.
std::string beside_run_file(const std::string& run_file, const std::string& path);

}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "pipelines/run_settings.h"

namespace scarp::pipelines {

/// One key of a run file: the only place where it is named.
struct Setting {
  std::string key;
  std::string type;
  std::string unit;
  std::string meaning;
  std::function<YAML::Node(const RunSettings&)> get;
  std::function<void(RunSettings&, const YAML::Node&)> set;
};

/// All keys, in the order in which a run file is written. `set` throws YAML::Exception for a value of the
/// wrong type and std::invalid_argument with half a sentence for one that cannot be used.
const std::vector<Setting>& run_settings_keys();

}  // namespace scarp::pipelines

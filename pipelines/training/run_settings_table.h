// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "pipelines/runs/bound_settings.h"
#include "pipelines/training/run_settings.h"

namespace scarp::pipelines {

using Setting = SettingOf<RunSettings>;

/// All keys, in the order in which a run file is written. `set` throws YAML::Exception for a value of the
/// wrong type and std::invalid_argument with half a sentence for one that cannot be used.
const std::vector<Setting>& run_settings_keys();

}  // namespace scarp::pipelines

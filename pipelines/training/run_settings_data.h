// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "pipelines/training/run_settings_table.h"

namespace scarp::pipelines {

/// Keys of a run file that say what the model is called and which scenes it learns from.
std::vector<Setting> scene_settings();
/// Keys of the channels that the network sees.
std::vector<Setting> channel_settings();
/// Keys of what the model maps: its classes, the pixel sizes it is valid for, its tiles.
std::vector<Setting> validity_settings();

}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "pipelines/training/run_settings_table.h"

namespace scarp::pipelines {

/// Keys of a run file that name pretrained backbones.
std::vector<Setting> backbone_settings();
/// Keys that say how their weights move.
std::vector<Setting> backbone_course_settings();

}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "nn/pretrainer.h"
#include "pipelines/pretraining/pretrain_report.h"
#include "pipelines/pretraining/pretrain_settings.h"

namespace scarp::pipelines {

/// What the report paints: windows rebuilt from their seen patches (mae, hpm), and windows beside those whose
/// features are most like theirs.
/// @param card        with the statistics of the channels
/// @param checkpoint  of the run; msn's is not asked
PretrainSheets pretrain_sheets(const PretrainSettings& settings,
                               const nn::BackboneCard& card,
                               nn::WindowSource& windows,
                               const std::string& checkpoint,
                               const std::string& backbone_file);

}  // namespace scarp::pipelines

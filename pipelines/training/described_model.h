// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "nn/detector_backbone.h"
#include "nn/model_card.h"
#include "pipelines/training/run_settings.h"
#include "pipelines/training/training_scenes.h"

namespace scarp::pipelines {

/// The card of a model as far as its run file tells it: without statistics and pixel sizes.
nn::ModelCard described_model(const RunSettings& settings);

/// Makes the backbones of a run encoders of its model; nothing is read of the scenes.
/// @throws nn::Error
nn::AdoptedStatistics adopt_backbones(nn::ModelCard& card, const RunSettings& settings);

/// Pixel sizes, and the statistics of all channels that no backbone brought.
void measure_model(nn::ModelCard& card,
                   const nn::AdoptedStatistics& adopted,
                   const RunSettings& settings,
                   std::vector<TrainingScene>& scenes);

}  // namespace scarp::pipelines

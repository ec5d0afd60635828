// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "nn/focus.h"
#include "nn/learner.h"
#include "nn/model_card.h"
#include "pipelines/training/run_settings.h"

namespace scarp::pipelines {

/// A self-contained HTML page on one training: curves of loss and validation score, where the network looks,
/// the run's settings, the model's card.
void write_training_report(const std::string& path,
                           const RunSettings& settings,
                           const nn::ModelCard& card,
                           const std::vector<nn::TrainingEvent>& history,
                           const nn::Focus& focus = {});

}  // namespace scarp::pipelines

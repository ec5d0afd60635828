// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>

#include "nn/learner.h"
#include "nn/segmenter.h"
#include "pipelines/events.h"

namespace scarp::pipelines {

/// Fits the temperature of a model on labelled ground that it was not trained on, and says how well its
/// probabilities can be believed before and after. Samples are taken as they come (pass 0). The error after
/// is that of ground which the temperature did not see: the samples are cut into a first and a second half,
/// each is judged at the temperature of the other. The temperature itself is that of both.
/// @param segmenter   its card's temperature is taken into account: calibrating twice changes nothing
/// @param validation  not the samples that the model was trained on
/// @return the model's card with another temperature and its summary, ready for nn::rewrite_model_card
/// @throws Error (contradiction) if no pixel is labelled, (cancelled)
nn::ModelCard calibrated_card(const nn::Segmenter& segmenter,
                              nn::SampleSource& validation,
                              Events& events,
                              std::stop_token stop);

}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "nn/learner.h"
#include "nn/pretrainer.h"

namespace scarp::pipelines {

/// An event as a line of metrics.jsonl, without its end.
std::string history_line(const nn::TrainingEvent& event);
std::string history_line(const nn::PretrainEvent& event);

/// What a run logged before it was interrupted. Lines that are no event are passed over: a log does not stop
/// a run. How many steps there are in all is not logged. A file that is not there holds nothing.
std::vector<nn::TrainingEvent> read_training_history(const std::string& metrics);
std::vector<nn::PretrainEvent> read_pretraining_history(const std::string& metrics);

/// The lines of a log that come before a step; lines that are no event stay.
std::string lines_before(const std::string& metrics, std::int64_t step);

/// Appends an event, and takes away what was logged of its step and of later ones: those were done again
/// after a run had died behind its last checkpoint.
template <typename Event>
void append_event(std::vector<Event>& history, Event event) {
  std::erase_if(history, [&](const Event& old) { return old.step >= event.step; });
  history.push_back(std::move(event));
}

}  // namespace scarp::pipelines

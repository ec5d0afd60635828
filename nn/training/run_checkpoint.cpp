// SPDX-License-Identifier: Apache-2.0
#include <torch/torch.h>

#include "nn/error.h"
#include "nn/training/resumption.h"
#include "nn/training/training_run.h"

namespace scarp::nn {
namespace {

constexpr const char* kLeaderPrefix = "train.model.";  // the weights behind the average

bool same_model(const ModelCard& a, const ModelCard& b) {
  return a.network == b.network && a.optical == b.optical && a.optical_window_px == b.optical_window_px &&
         a.terrain == b.terrain && a.classes == b.classes;
}

}  // namespace

void TrainingRun::save_last() {
  if (task_.files.last.empty()) return;
  average_.copy_statistics(network_);
  NamedTensors tensors;
  collect(*average_.network(), kModelPrefix, tensors);
  collect(*network_, kLeaderPrefix, tensors);
  if (contrast_) contrast_->save(tensors);
  optimiser_.save(tensors);
  write_tensors(task_.files.last,
                {{kCardKey, task_.card.to_json()},
                 {kTrainingKey, run_state_json(state_, identity())},
                 {"format", "pt"}},
                tensors);
}

void TrainingRun::resume() {
  const std::string& path = task_.files.last;
  const SafetensorsFile file(path);
  const std::string& state = state_in(file, kTrainingKey, "training");
  if (!same_model(card_of(file), task_.card)) {
    throw Error(Fault::mismatch,
                path +
                    " was begun with another network, other channels or classes: resume with the "
                    "options it was begun with, or start a new run");
  }
  state_ = run_state_from(state, identity(), path);
  require_possible_step(state_.step, state_.finished_passes, steps_a_pass_, task_.options.epochs, path);
  const NamedTensors tensors = read_tensors(file, [](const std::string&) { return true; });
  restore(*average_.network(), kModelPrefix, tensors, path);
  restore(*network_, kLeaderPrefix, tensors, path);
  if (contrast_) contrast_->load(tensors, path);
  optimiser_.load(tensors);
}

}  // namespace scarp::nn

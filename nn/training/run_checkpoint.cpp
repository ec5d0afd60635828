// SPDX-License-Identifier: Apache-2.0
#include <torch/torch.h>

#include "nn/error.h"
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
  const auto found = file.header().metadata.find(kTrainingKey);
  if (found == file.header().metadata.end()) {
    throw Error(
        Fault::mismatch,
        path + " holds no state of a training and cannot be resumed: give the last checkpoint of a run");
  }
  if (!same_model(card_of(file), task_.card)) {
    throw Error(Fault::mismatch,
                path +
                    " was begun with another network, other channels or classes: resume with the "
                    "options it was begun with, or start a new run");
  }
  state_ = run_state_from(found->second, identity(), path);
  const std::int64_t passes = state_.step / steps_a_pass_;
  const bool possible = state_.finished_passes >= 0 && state_.finished_passes <= passes &&
                        state_.step <= (state_.finished_passes + 1) * steps_a_pass_ && state_.step <= steps();
  if (!possible) {
    throw Error(Fault::unreadable, path + ": step " + std::to_string(state_.step) + " cannot lie in pass " +
                                       std::to_string(state_.finished_passes) + " of " +
                                       std::to_string(steps_a_pass_) + " steps each");
  }
  const NamedTensors tensors = read_tensors(file, [](const std::string&) { return true; });
  restore(*average_.network(), kModelPrefix, tensors, path);
  restore(*network_, kLeaderPrefix, tensors, path);
  if (contrast_) contrast_->load(tensors, path);
  optimiser_.load(tensors);
}

}  // namespace scarp::nn

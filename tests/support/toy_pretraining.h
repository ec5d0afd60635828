// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "nn/io/tensor_file.h"
#include "nn/pretrainer.h"
#include "tests/support/golden_tensors.h"
#include "tests/support/toy_windows.h"

namespace scarp::test {

/// What a pretraining in a test made.
struct Pretrained {
  nn::NamedTensors tensors;  // of the last checkpoint
  std::vector<nn::PretrainEvent> events;
};

struct PretrainPlan {
  nn::PretrainOptions options;
  bool optical = true, terrain = false, holes = false;
  std::int64_t windows = 24;
};

/// Pretrains on toy windows, or resumes.
/// @param stop_at_step  negative: to the end
inline Pretrained pretrained(const std::string& path,
                             const PretrainPlan& plan,
                             bool resume = false,
                             std::int64_t stop_at_step = -1) {
  ToyWindows windows(plan.windows, plan.optical, plan.terrain, plan.holes);
  Pretrained outcome;
  std::stop_source stop;
  nn::pretrain(
      toy_backbone(plan.options, plan.optical, plan.terrain), plan.options, windows, {path, resume},
      [&](const nn::PretrainEvent& event) {
        outcome.events.push_back(event);
        if (stop_at_step >= 0 && event.step >= stop_at_step) stop.request_stop();
      },
      stop.get_token());
  outcome.tensors = all_tensors(path);
  return outcome;
}

}  // namespace scarp::test

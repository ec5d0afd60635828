// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "nn/pretraining/pretraining_method.h"
#include "nn/pretraining/pretraining_state.h"
#include "nn/training/adamw.h"

namespace scarp::nn {

/// What is pretrained on what; the references outlive the run.
struct PretrainTask {
  const BackboneCard& card;
  const PretrainOptions& resolved;
  WindowSource& windows;
  const PretrainFiles& files;
  const std::function<void(const PretrainEvent&)>& on_event;
};

/// One pretraining from the first step to the last; nn::pretrain is its door.
class PretrainingRun {
 public:
  explicit PretrainingRun(const PretrainTask& task);
  /// Goes on from the last checkpoint of the same options. @throws Error (mismatch, unreadable)
  void resume();
  void run(const std::stop_token& stop);

 private:
  using Clock = std::chrono::steady_clock;
  struct PendingStep {
    StepLoss loss;  ///< detached, on the device, not yet looked at
    std::int64_t first_window = 0;
  };

  void probe();
  AttentionPath attention_in(Precision precision) const;
  bool train_pass(const std::stop_token& stop);  // false: stopped
  void step(const PretrainBatch& batch);
  void finish_pass();
  void save_last();
  PretrainEvent take_event(bool pass_ended);
  void require_finite();
  std::vector<std::vector<std::int64_t>> batches_left() const;
  StepPlace place_of(std::int64_t step) const;
  std::int64_t steps() const { return steps_a_pass_ * task_.resolved.epochs; }
  PretrainingIdentity identity() const;

  PretrainTask task_;
  at::Device device_;
  std::int64_t steps_a_pass_;
  std::unique_ptr<PretrainingMethod> method_;
  AdamW optimiser_;
  WindowLoader loader_;
  PretrainingState state_;
  bool probed_ = false;
  std::vector<PendingStep> pending_;  ///< since the last event
  Clock::time_point last_event_ = Clock::now();
};

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <vector>

#include "nn/io/checkpoint.h"
#include "nn/learner.h"
#include "nn/torch/losses.h"
#include "nn/training/adamw.h"
#include "nn/training/batch_loader.h"
#include "nn/training/contrastive_term.h"
#include "nn/training/moving_average.h"
#include "nn/training/run_state.h"

namespace scarp::nn {

/// What is trained on what, and what is kept; the references outlive the run.
struct TrainingTask {
  const ModelCard& card;
  const TrainingOptions& options;
  SampleSource& samples;
  SampleSource* validation = nullptr;
  const TrainingFiles& files;
  const std::function<void(const TrainingEvent&)>& on_event;
};

/// One training from the first step to the last; nn::train is its door.
class TrainingRun {
 public:
  /// @throws Error (bad_argument, no_device) for a task that cannot be trained
  explicit TrainingRun(const TrainingTask& task);

  /// Goes on from the last checkpoint of the same options. @throws Error (mismatch, unreadable)
  void resume();
  void run(const std::stop_token& stop);

 private:
  using Clock = std::chrono::steady_clock;
  struct PendingLoss {
    at::Tensor loss;      ///< on the device, not yet looked at
    at::Tensor contrast;  ///< of it; undefined without
    std::int64_t step = 0;
    std::int64_t first_sample = 0;
  };

  bool train_pass(const std::stop_token& stop);   // false: stopped
  bool finish_pass(const std::stop_token& stop);  // false: stopped
  void step(const TrainingBatch& batch);
  bool validate(TrainingEvent& event, const std::stop_token& stop);  // false: stopped
  void keep_best(const TrainingEvent& event);
  void save_last();
  TrainingEvent take_event();
  void require_finite_losses();
  double learning_rate_of(std::int64_t step) const;
  std::int64_t steps() const { return steps_a_pass_ * task_.options.epochs; }
  std::vector<std::vector<std::int64_t>> batches_left() const;
  std::vector<ParameterGroup> trained_groups();
  bool out_of_patience() const;
  RunIdentity identity() const;

  TrainingTask task_;
  at::Device device_;
  DualBranchNetwork network_;
  MovingAverage average_;
  std::int64_t steps_a_pass_;
  std::optional<ContrastiveTerm> contrast_;
  AdamW optimiser_;
  BatchLoader loader_;
  SegmentationLossOptions loss_options_;
  RunState state_;
  std::vector<PendingLoss> pending_;  ///< since the last event
  double last_loss_ = 0;
  Clock::time_point last_event_ = Clock::now();
};

}  // namespace scarp::nn

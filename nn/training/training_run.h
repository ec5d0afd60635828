// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "nn/io/checkpoint.h"
#include "nn/learner.h"
#include "nn/torch/losses.h"
#include "nn/training/adamw.h"
#include "nn/training/batch_loader.h"
#include "nn/training/moving_average.h"

namespace scarp::nn {

/// One training from the first step to the last; nn::train is its door.
class TrainingRun {
 public:
  using OnEvent = std::function<void(const TrainingEvent&)>;
  TrainingRun(const ModelCard& card,
              const TrainingOptions& options,
              SampleSource& samples,
              SampleSource* validation,
              const TrainingFiles& files);

  /// Goes on from a checkpoint of the same options. @throws Error (mismatch, unreadable)
  void resume();
  void run(const OnEvent& on_event, const std::stop_token& stop);

 private:
  void run_epoch(const OnEvent& on_event, const std::stop_token& stop);
  void step(const TrainingBatch& batch);
  void tell(const OnEvent& on_event);
  void finish_epoch(const OnEvent& on_event);
  void validate(TrainingEvent& event);
  void require_finite(double loss, const TrainingBatch& batch) const;
  void save(const std::string& path) const;
  std::vector<std::int64_t> order_of(std::int64_t epoch) const;
  std::vector<std::int64_t> indices_of(const std::vector<std::int64_t>& order, std::int64_t step) const;

  ModelCard card_;
  TrainingOptions options_;
  SampleSource& samples_;
  SampleSource* validation_;
  TrainingFiles files_;
  at::Device device_;
  DualBranchNetwork network_;
  MovingAverage average_;
  AdamW optimiser_;
  BatchLoader loader_;
  SegmentationLossOptions loss_options_;
  std::int64_t steps_an_epoch_;
  std::int64_t epoch_ = 0;
  std::int64_t step_ = 0;  ///< taken so far
  double best_f1_ = -1;
  at::Tensor loss_sum_;  ///< on the device, since the last event
  std::int64_t losses_ = 0;
  double last_event_seconds_ = 0;
};

}  // namespace scarp::nn

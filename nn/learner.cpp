// SPDX-License-Identifier: Apache-2.0
#include "nn/learner.h"

#include <stdexcept>

#include "nn/torch_errors.h"
#include "nn/training/training_run.h"

namespace scarp::nn {

void TrainingOptions::check() const {
  const auto require = [](bool condition, const std::string& sentence) {
    if (!condition) throw std::invalid_argument(sentence);
  };
  require(epochs >= 1, "training.epochs must be at least 1, is " + std::to_string(epochs));
  require(batch >= 2, "training.batch must be at least 2 (batch norm), is " + std::to_string(batch));
  require(learning_rate > 0, "training.learning_rate must be positive, is " + std::to_string(learning_rate));
  require(weight_decay >= 0,
          "training.weight_decay must not be negative, is " + std::to_string(weight_decay));
  require(warmup >= 0 && warmup < 1, "training.warmup must lie in 0 to 1, is " + std::to_string(warmup));
  require(clip_norm >= 0, "training.clip_norm must not be negative, is " + std::to_string(clip_norm));
  require(dice_weight >= 0, "training.dice_weight must not be negative, is " + std::to_string(dice_weight));
  require(average_decay >= 0 && average_decay < 1,
          "training.average_decay must lie in 0 to 1, is " + std::to_string(average_decay));
  require(photometric >= 0 && photometric < 1,
          "training.photometric must lie in 0 to 1, is " + std::to_string(photometric));
  require(threads >= 1, "training.threads must be at least 1, is " + std::to_string(threads));
}

double ClassCounts::f1() const {
  const auto all = 2 * true_positive + false_positive + false_negative;
  return all == 0 ? 0 : 2.0 * static_cast<double>(true_positive) / static_cast<double>(all);
}

double ClassCounts::iou() const {
  const auto all = true_positive + false_positive + false_negative;
  return all == 0 ? 0 : static_cast<double>(true_positive) / static_cast<double>(all);
}

void train(const ModelCard& card,
           const TrainingOptions& options,
           SampleSource& samples,
           SampleSource* validation,
           const TrainingFiles& files,
           const std::function<void(const TrainingEvent&)>& on_event,
           std::stop_token stop) {
  options.check();
  with_our_errors("training", [&] {
    set_up_worker_thread(options.threads);
    TrainingRun run(card, options, samples, validation, files);
    if (files.resume) run.resume();
    run.run(on_event, stop);
  });
}

}  // namespace scarp::nn

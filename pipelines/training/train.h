// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "pipelines/events.h"

namespace scarp::pipelines {

struct TrainOptions {
  std::string run_file;               ///< YAML, see docs/run-files.md
  std::vector<std::string> settings;  ///< "key.path=value", over the file
  std::string run_folder;             ///< made if absent; must not hold another run
  bool resume = false;                ///< goes on from the folder's last checkpoint
  bool overwrite = false;             ///< replaces the run that is there
};

/// What a finished training took, as RUNDIR/summary.json says it.
struct TrainingSummary {
  std::int64_t steps = 0;
  double cpu_seconds = 0;  ///< of the training's own thread
  double samples_a_second = 0;
  double seconds_a_step = 0;
  std::string precision;
};
/// @throws Error (usage) if the folder holds no finished training
TrainingSummary read_training_summary(const std::string& run_folder);

/// Trains a network from scenes with labels. The run folder then holds config.resolved.yaml, metrics.jsonl,
/// checkpoints/last.safetensors, model.safetensors (half precision, the whole model in one file) and
/// report.html.
/// @throws Error (usage, already_exists, cancelled), geo::Error, datasets::Error, nn::Error; the last
/// checkpoint stays
void train_run(const TrainOptions& options, Events& events, std::stop_token stop);

}  // namespace scarp::pipelines

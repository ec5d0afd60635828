// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "nn/pretrainer.h"
#include "pipelines/events.h"

namespace scarp::pipelines {

struct PretrainRunOptions {
  nn::PretrainMethod method = nn::PretrainMethod::mae;
  std::string run_file;               ///< YAML, see docs/pretraining.md
  std::vector<std::string> settings;  ///< "key.path=value", over the file
  std::string run_folder;             ///< made if absent; must not hold another run
  bool resume = false;                ///< goes on from the folder's last checkpoint
  bool overwrite = false;             ///< replaces the run that is there
};

/// Pretrains a vision transformer on rasters or pictures without labels. The run folder then holds
/// config.resolved.yaml, metrics.jsonl, TensorBoard events, checkpoints/last.safetensors,
/// backbone.safetensors (the network under native names, with its card), environment.json, summary.json and
/// report.html.
/// @throws Error (usage, already_exists, contradiction, cancelled), geo::Error, nn::Error; the last
/// checkpoint stays
void pretrain_run(const PretrainRunOptions& options, Events& events, std::stop_token stop);

}  // namespace scarp::pipelines

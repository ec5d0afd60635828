// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>
#include <string>

#include "pipelines/events.h"

namespace scarp::pipelines {

struct AblationOptions {
  std::string plan;           ///< YAML, see docs/comparisons.md
  std::string folder;         ///< made if absent; holds logs/, runs/, table.md and report.html
  int workers = 1;            ///< trainings side by side
  bool summary_only = false;  ///< makes table and report of the logs that are there, trains nothing
  int draws = 1000;           ///< of the bootstrap
};

/// Trains every configuration of a plan on every fold with every seed, scores the validation blocks, keeps a
/// small log of each, and makes the table. A job whose log is there is skipped, one that was stopped goes on
/// from its checkpoint: the same command finishes what was begun.
/// @throws Error (usage) for a log that was made with other settings; what training throws
void run_ablation(const AblationOptions& options, Events& events, std::stop_token stop);

}  // namespace scarp::pipelines

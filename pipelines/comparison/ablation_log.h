// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pipelines/comparison/block_scores.h"

namespace scarp::pipelines {

/// What is kept of one training of a comparison: small enough to be committed.
struct AblationLog {
  std::string configuration;
  int fold = 0;
  std::uint64_t seed = 1;
  std::vector<std::string> settings;  ///< what the run changed in its base run file
  std::int64_t parameters = 0;
  double cpu_seconds = 0;  ///< of the training; 0: not known
  BlockScores scores;
};

std::string to_json(const AblationLog& log);

/// @throws Error (usage) for a file that is none, naming what is wrong
AblationLog read_ablation_log(const std::string& file);

}  // namespace scarp::pipelines

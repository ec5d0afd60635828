// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "nn/learner.h"

namespace scarp::nn {

/// Where a training stands, beside its weights.
struct RunState {
  std::int64_t step = 0;             ///< steps done
  std::int64_t finished_passes = 0;  ///< passes trained and validated
  double best_f1 = -1;               ///< of class 1 in validation; -1: none yet
  std::int64_t passes_since_best = 0;
  Precision precision = Precision::fp32;  ///< as it is trained: never automatic
};

/// What must be the same for a resumed training to end as if it had not been interrupted.
struct RunIdentity {
  const TrainingOptions& options;
  std::int64_t samples = 0;
  int side = 0;
};

std::string run_state_json(const RunState& state, const RunIdentity& identity);

/// @param what  opens messages: the file's path
/// @throws Error (unreadable), Error (mismatch) naming the first option that differs
RunState run_state_from(const std::string& json, const RunIdentity& identity, const std::string& what);

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "nn/pretrainer.h"
#include "nn/torch/transformer_block.h"

namespace scarp::nn {

/// Where a pretraining stands, beside its weights.
struct PretrainingState {
  std::int64_t step = 0;
  std::int64_t finished_passes = 0;
  Precision precision = Precision::fp32;  ///< as it is trained: never automatic
  AttentionPath attention = AttentionPath::explicit_formula;
};

/// What must be the same for a resumed run to end as if it had not been interrupted.
struct PretrainingIdentity {
  PretrainOptions resolved;
  std::int64_t windows = 0;
  int side = 0;
};

std::string pretraining_state_json(const PretrainingState& state, const PretrainingIdentity& identity);

/// @param what  opens messages: the file's path
/// @throws Error (unreadable), Error (mismatch) naming the first option that differs
PretrainingState pretraining_state_from(const std::string& json,
                                        const PretrainingIdentity& identity,
                                        const std::string& what);

}  // namespace scarp::nn

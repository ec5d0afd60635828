// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "nn/io/safetensors.h"
#include "nn/learner.h"

// What trainings and pretrainings ask alike of a checkpoint before they go on from it.

namespace scarp::nn {

/// How a precision is written into checkpoints.
const char* word_of(Precision precision);

/// The precision that a state was trained in.
/// @throws Error (unreadable) unless it is fp32 or bf16
Precision trained_precision(const nlohmann::ordered_json& state, const std::string& path);

/// The text under a key of the file's metadata.
/// @param kind  of run, for the message: "training"
/// @throws Error (mismatch) if there is none
const std::string& state_in(const SafetensorsFile& file, const std::string& key, const std::string& kind);

/// A count in a state.
/// @throws Error (unreadable) if it is not there or no whole number
std::int64_t count_in(const nlohmann::ordered_json& state, const std::string& key, const std::string& path);

/// Every option that is wanted was the same.
/// @param path  of the checkpoint, for the message
/// @throws Error (mismatch) naming the first that was not, and both values; (unreadable) for no list of
/// options
void require_same_options(const nlohmann::ordered_json& stored,
                          const nlohmann::ordered_json& wanted,
                          const std::string& path);

/// A step lies in the pass after those that are finished, or at its end.
/// @param steps_a_pass  at least 1
/// @throws Error (unreadable)
void require_possible_step(std::int64_t step,
                           std::int64_t finished_passes,
                           std::int64_t steps_a_pass,
                           std::int64_t passes,
                           const std::string& path);

}  // namespace scarp::nn

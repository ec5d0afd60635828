// SPDX-License-Identifier: Apache-2.0
#include "nn/training/resumption.h"

#include "nn/error.h"

namespace scarp::nn {

const char* word_of(Precision precision) {
  if (precision == Precision::automatic) return "automatic";
  return precision == Precision::bf16 ? "bf16" : "fp32";
}

Precision trained_precision(const nlohmann::ordered_json& state, const std::string& path) {
  for (const Precision precision : {Precision::fp32, Precision::bf16}) {
    if (state.contains("precision") && state["precision"] == word_of(precision)) return precision;
  }
  throw Error(Fault::unreadable, path + ": its state holds no precision, fp32 or bf16");
}

const std::string& state_in(const SafetensorsFile& file, const std::string& key, const std::string& kind) {
  const auto found = file.header().metadata.find(key);
  if (found != file.header().metadata.end()) return found->second;
  throw Error(Fault::mismatch, file.path() + " holds no state of a " + kind +
                                   " and cannot be resumed: give the last checkpoint of a " + kind);
}

std::int64_t count_in(const nlohmann::ordered_json& state, const std::string& key, const std::string& path) {
  const auto found = state.find(key);
  if (found != state.end() && found->is_number_integer()) return found->get<std::int64_t>();
  throw Error(Fault::unreadable, path + ": its state holds no whole number " + key);
}

void require_same_options(const nlohmann::ordered_json& stored,
                          const nlohmann::ordered_json& wanted,
                          const std::string& path) {
  if (!stored.is_object()) throw Error(Fault::unreadable, path + ": its state holds no options");
  for (const auto& [key, value] : wanted.items()) {
    const auto found = stored.find(key);
    if (found != stored.end() && *found == value) continue;
    throw Error(Fault::mismatch, path + ": cannot be resumed: " + key + " was " +
                                     (found == stored.end() ? std::string("not there") : found->dump()) +
                                     ", now it is " + value.dump() + "; use the same, or start a new run");
  }
}

void require_possible_step(std::int64_t step,
                           std::int64_t finished_passes,
                           std::int64_t steps_a_pass,
                           std::int64_t passes,
                           const std::string& path) {
  // the end of the run comes first: behind it no product can overflow
  const bool possible = step >= 0 && step <= passes * steps_a_pass && finished_passes >= 0 &&
                        finished_passes <= step / steps_a_pass &&
                        step <= (finished_passes + 1) * steps_a_pass;
  if (possible) return;
  throw Error(Fault::unreadable, path + ": step " + std::to_string(step) + " cannot lie in pass " +
                                     std::to_string(finished_passes) + " of " + std::to_string(steps_a_pass) +
                                     " steps each");
}

}  // namespace scarp::nn

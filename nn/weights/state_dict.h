// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "nn/weight_file.h"

namespace scarp::nn {

/// The weights of one network among all that a file holds.
struct StateDict {
  std::string key;     ///< of the dict that was taken; empty for the whole file
  std::string prefix;  ///< that was taken off every name: "module.", "_orig_mod.", both, or none
  std::map<std::string, const WeightTensor*> tensors;
};

/// Takes the dict called `wanted`, or the first there is of: target_encoder (MSN), ema_state_dict (HPM),
/// state_dict, model, encoder; or the whole file. Of a model or a checkpoint of Scarp, what begins with
/// "model.". Then one leading "module." and one "_orig_mod." go where all names have them; within names they
/// stay. MSN's prototypes beside the encoder come along.
/// @throws Error (bad_argument) if there is no dict `wanted`
StateDict choose_state_dict(const WeightFile& file, const std::string& wanted = {});

/// A tensor in memory.
struct WeightArray {
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::vector<std::byte> data;
  bool operator==(const WeightArray&) const = default;
};

using WeightMap = std::map<std::string, WeightArray>;

WeightMap load_state_dict(const WeightFile& file, const StateDict& chosen);

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "nn/io/card_file.h"
#include "nn/io/safetensors.h"
#include "nn/io/tensor_file.h"
#include "nn/model_card.h"
#include "nn/torch/dual_branch_network.h"

namespace scarp::nn {

inline constexpr const char* kTrainingKey = "scarp_training";  ///< metadata key of the state of a training

/// Looks at one deep tensor before a network is built: a card may ask for a network that is a thousand times
/// its file.
/// @throws Error (mismatch) if the file cannot hold the weights of the card's network
void require_weights_of(const ModelCard& card, const SafetensorsFile& file);

/// A network of the card's shape, weights not set.
DualBranchNetwork make_network(const ModelCard& card);

/// Adds all parameters and buffers as PREFIX + name.
void collect(const torch::nn::Module& module, const std::string& prefix, NamedTensors& tensors);

/// Sets all parameters and buffers from PREFIX + name, whatever floating type they are stored in.
/// @throws Error (mismatch) naming a tensor that is missing, left over, or of another shape
void restore(torch::nn::Module& module,
             const std::string& prefix,
             const NamedTensors& tensors,
             const std::string& path);

/// Moves a network to a device with weights of convolutions in channels-last order.
void place(DualBranchNetwork& network, at::Device device);

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>

namespace scarp::nn {

/// follower = decay * follower + (1 - decay) * leader, of all parameters; buffers stay.
/// @param leader  of the same shape
void average_parameters(torch::nn::Module& follower, const torch::nn::Module& leader, double decay);

/// Makes the buffers of `to` those of `from`, of the same shape: running statistics of norms, which are
/// averages already.
void copy_buffers(torch::nn::Module& to, const torch::nn::Module& from);

/// Makes parameters and buffers of `to` those of `from`, of the same shape.
void copy_state(torch::nn::Module& to, const torch::nn::Module& from);

}  // namespace scarp::nn

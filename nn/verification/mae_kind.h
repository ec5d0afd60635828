// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>

#include "nn/torch/masked_autoencoder.h"
#include "nn/training/adamw.h"
#include "nn/verification/golden_case.h"

namespace scarp::nn {

GoldenKind mae_kind();
GoldenKind hpm_kind();
GoldenKind hpm_parts_kind();  ///< losses, masks and averages alone
GoldenKind msn_kind();
GoldenKind msn_parts_kind();  ///< loss and schedules alone
GoldenKind block_kind();
GoldenKind positions_kind();
GoldenKind coordinate_attention_kind();
GoldenKind contrast_kind();
GoldenKind optimiser_kind();

/// Sizes by the weights (native names), the rest by the config. @throws Error (mismatch)
MaskedAutoencoderOptions autoencoder_options(const NamedTensors& weights,
                                             const GoldenCase& golden,
                                             const at::Tensor& images);
/// AdamW as the config says; only what it lists, or else what has more than one dimension, is decayed.
AdamW golden_optimiser(const GoldenCase& golden, const torch::nn::Module& network);
/// The learning rate of each step by the config's warm-up and cosine.
std::vector<double> autoencoder_rates(const GoldenCase& golden, std::int64_t steps);
/// Parameters and buffers as "PREFIX/NAME", but for entries without a gradient.
/// @param left_out  parameters whose gradient is zero by symmetry
void add_state(const torch::nn::Module& network,
               const std::string& prefix,
               const std::set<std::string>& left_out,
               Answers& answers);

}  // namespace scarp::nn

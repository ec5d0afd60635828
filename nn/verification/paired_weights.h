// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "nn/verification/golden_case.h"
#include "nn/verify.h"

namespace scarp::nn {

/// Whether a file holds weights and nothing else: native or timm names, or one of the spellings of Hugging
/// Face's ViTMAE and ViTMSN.
bool is_weights_alone(const GoldenCase& golden);
/// Whether a file holds inputs and outputs of weights that lie in another file.
bool is_inputs_alone(const GoldenCase& golden);
/// "hf" or "timm", by the inputs and outputs.
const char* paired_kind(const GoldenCase& inputs);

/// Weights under native names. @throws Error (mismatch) for a name that has no native one
NamedTensors native_weights(const GoldenCase& weights);

/// Computes the one with the other. @return nothing where the weights do not fit these inputs
std::optional<VerifiedFile> compare_paired(const GoldenCase& weights, const GoldenCase& inputs);

}  // namespace scarp::nn

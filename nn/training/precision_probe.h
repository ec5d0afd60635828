// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "nn/device.h"
#include "nn/model_card.h"

namespace scarp::nn {

/// Whether training steps of this network are faster in bf16 here: a few forward and backward passes of each,
/// in turn, on random planes; the fastest of each counts. Processors differ up to ten times in bf16, and some
/// only imitate it. bf16 must win by a tenth.
/// @param side, batch  of the samples
/// @return fp32 or bf16
Precision faster_precision(const ModelCard& card, int side, int batch, at::Device device);

}  // namespace scarp::nn

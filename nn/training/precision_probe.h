// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include <ATen/core/Tensor.h>

#include "nn/device.h"
#include "nn/model_card.h"

namespace scarp::nn {

/// Whether training steps are faster in bf16 here: each is timed a few times, in turn; the fastest of each
/// counts. Processors differ up to ten times in bf16, and some only imitate it. bf16 must win by a tenth.
/// @return fp32 or bf16
Precision faster_precision(const std::function<double(Precision)>& seconds_of_step);

/// The same of the forward and backward pass of this network, on planes of zeros.
/// @param side, batch  of the samples
Precision faster_precision(const ModelCard& card, int side, int batch, at::Device device);

}  // namespace scarp::nn

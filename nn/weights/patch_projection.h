// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nn/weight_conversion.h"
#include "nn/weights/state_dict.h"

namespace scarp::nn {

/// A patch projection [D, C, p, p] for another number of channels, as ChannelInit says.
/// @throws Error (mismatch) unless it has four dimensions of floating-point numbers
WeightArray projection_for(const WeightArray& projection, int channels, ChannelInit init);

}  // namespace scarp::nn

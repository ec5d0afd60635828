// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace scarp::nn {

/// Linear from 0 over the first `warmup` steps, then half a cosine down to 0 (Loshchilov & Hutter, "SGDR",
/// ICLR 2017, equation 5).
/// @param step  0 .. steps - 1: the step about to be taken
double learning_rate_at(double highest, std::int64_t step, std::int64_t warmup, std::int64_t steps);

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "pipelines/vector/shape.h"

namespace scarp::vector {

/// Place of a cell of 2^16 x 2^16 along the Hilbert curve.
std::uint32_t hilbert(std::uint32_t x, std::uint32_t y);

/// Place of a box's centre along the curve through `extent`.
std::uint32_t hilbert_of(const Bounds& box, const Bounds& extent);

}  // namespace scarp::vector

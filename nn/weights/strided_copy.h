// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "nn/weights/pickle_values.h"

namespace scarp::nn {

/// The elements of a view, row-major.
/// @param span  the elements of the storage from the view's first to its last
std::vector<std::byte> row_major(const TensorClaim& tensor, std::span<const std::byte> span);

}  // namespace scarp::nn

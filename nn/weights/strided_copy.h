// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "nn/weights/pickle_values.h"

namespace scarp::nn {

/// The elements of a view, row-major.
/// @param storage  all elements of the view's storage; the claim's bounds hold
std::vector<std::byte> row_major(const TensorClaim& tensor, std::span<const std::byte> storage);

}  // namespace scarp::nn

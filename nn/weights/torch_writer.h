// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "nn/weights/state_dict.h"

namespace scarp::nn {

/// Writes a state dict as torch.save does since PyTorch 1.6, for torch.load(weights_only=True): a zip archive
/// of stored entries, data at multiples of 64 bytes. Whole or not at all.
/// @throws Error (unwritable; bad_argument for element types that PyTorch has no storage class for)
void write_torch_zip(const std::string& path, const WeightMap& weights);

}  // namespace scarp::nn

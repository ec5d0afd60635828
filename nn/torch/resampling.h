// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

namespace scarp::nn {

/// Brings maps to twice their size, bilinear between pixel centres, borders held. Built of slices, so that
/// its gradient is deterministic on every device (the library's own adds atomically on a GPU).
/// @param x  [B, C, H, W]
/// @return   [B, C, 2 H, 2 W]
at::Tensor upsample_bilinear_2x(const at::Tensor& x);

/// Half the size: the mean of 2 x 2 pixels. [B, C, H, W] -> [B, C, H / 2, W / 2], H and W even
at::Tensor mean_of_2x2(const at::Tensor& x);

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "nn/torch/losses.h"

namespace scarp::nn {

/// segmentation_loss on the processor in two passes over the pixels, with its gradient: as tensor operations
/// it would be forty, a quarter of a training step. Sums in double precision.
/// @param logits [B, classes, H, W] float  @param labels [B, H, W] int64
/// @param pixel_weights [B, H, W] float or undefined
at::Tensor fused_segmentation_loss(const at::Tensor& logits,
                                   const at::Tensor& labels,
                                   const SegmentationLossOptions& options,
                                   const at::Tensor& pixel_weights);

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

namespace scarp::nn {

inline constexpr double kDiceSmoothing = 1;

struct SegmentationLossOptions {
  double dice_weight = 1;    ///< beside cross entropy
  at::Tensor class_weights;  ///< [classes] of cross entropy; undefined: all 1
};

/// Cross entropy, averaged over labelled pixels with their class's weight, plus one minus the soft Dice
/// coefficient of the classes but background, pooled over the batch (Milletari, Navab, Ahmadi, "V-Net", 3DV
/// 2016, equation 3 without squares, smoothed by 1). Pixels with kIgnoreLabel count nowhere; a batch without
/// labels gives 0 with zero gradient. What the logits of unlabelled pixels hold, NaN included, never matters.
/// @param logits [B, classes, H, W] float  @param labels [B, H, W] of any whole type
/// @param pixel_weights [B, H, W] float, 0 or more: so much of a pixel each pixel is in both parts; 0 is as
/// good
///        as no label; undefined: all 1
/// @return a scalar
at::Tensor segmentation_loss(const at::Tensor& logits,
                             const at::Tensor& labels,
                             const SegmentationLossOptions& options,
                             const at::Tensor& pixel_weights = {});

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

namespace scarp::nn {

/// Brightness beside that of the surroundings: each value less the mean of the valid ones in a square window
/// around it, over their deviation there. What a mosaic's strips, its lighting and the colour of the ground
/// add or multiply over more than the window is gone; edges and texture stay.
/// @param planes  [B, C, H, W] float in deviations of their channel, 0 where invalid
/// @param valid   [B or 1, 1, H, W] bool
/// @param window  odd number of pixels, 3 or more; cut off at the edges of the planes
/// @return the same shape, 0 where invalid; even ground is 0, for kEvenGround is added to the deviation
at::Tensor local_contrast(const at::Tensor& planes, const at::Tensor& valid, int window);

inline constexpr double kEvenGround = 0.05;  ///< deviations of the channel: less is noise, not texture

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <ATen/core/Tensor.h>

#include "nn/training/augmentation.h"

namespace scarp::nn {

/// The views that are averaged: 1 the tile as it is; 2 its mirror image too; 4 both mirror images and the
/// half turn; 8 all flips and quarter turns. Each is a group: a turned tile has the same views, in another
/// order.
/// @throws Error (bad_argument) for another number
std::vector<Turn> views_of(int flips);

/// Brings what was seen in a view back to where it lies: the inverse of turn_pixels.
at::Tensor turn_pixels_back(const at::Tensor& planes, const Turn& turn);

/// Mean of the class probabilities of several views, kept as logarithms: finite wherever the logits are.
class ProbabilityMean {
 public:
  /// @param logits [B, classes, H, W] float32
  void add(const at::Tensor& logits);
  /// Logarithms of the mean probabilities, [B, classes, H, W]: logits whose softmax is the mean.
  at::Tensor log_mean() const;

 private:
  at::Tensor log_sum_;
  int views_ = 0;
};

}  // namespace scarp::nn

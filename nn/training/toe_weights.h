// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "nn/learner.h"
#include "nn/model_card.h"
#include "nn/segmentation/up_slope_planes.h"

namespace scarp::nn {

/// How much each pixel's label counts in the loss: less along the toes of landslides, where deposits thin out
/// and outlines are drawn as one pleases. Toes are those of classify_cells, so that without a direction up
/// there are none and every label counts whole.
class ToeWeights {
 public:
  /// @throws Error (bad_argument) if toes are to weigh less but the terrain has no gradient_east and
  /// gradient_north
  ToeWeights(const ModelCard& card, const TrainingOptions& options, int side);

  bool on() const { return weight_ < 1; }
  /// @param labels         [S, S] uint8
  /// @param terrain        [1, Ct, S, S] float, in the units of the card, turned with the pixels
  /// @param terrain_valid  [1, 1, S, S] uint8
  /// @return [S, S] float: TrainingOptions::toe_weight within toe_width pixels of a toe's outline, on both
  ///         sides of it, but not as near to a wall; 1 elsewhere
  at::Tensor of(const at::Tensor& labels, const at::Tensor& terrain, const at::Tensor& terrain_valid) const;

 private:
  UpSlopeChannels up_slope_;
  double weight_;
  int width_;
  int side_;
};

}  // namespace scarp::nn

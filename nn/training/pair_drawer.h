// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "nn/contrast_options.h"
#include "nn/model_card.h"
#include "nn/segmentation/up_slope_planes.h"

namespace scarp::nn {

/// The cells of a batch that are contrasted: rows of a sample as draw_pairs gives them.
struct PairRows {
  at::Tensor cells;   ///< [B, rows] int64, places in the grid of cells, row-major
  at::Tensor labels;  ///< [B, rows] int64: PairCategory, or -1 for a row that holds no cell
};

/// Draws the cells of one sample after another. Up is told by the channels gradient_east and gradient_north;
/// without them there is no up, and the whole inner band is a wall.
class PairDrawer {
 public:
  PairDrawer(const ModelCard& card, const ContrastOptions& options, int side);

  /// @param labels         [S, S] uint8
  /// @param terrain        [1, Ct, S, S] float, in the units of the card, turned with the pixels
  /// @param terrain_valid  [1, 1, S, S] uint8
  void add(const at::Tensor& labels,
           const at::Tensor& terrain,
           const at::Tensor& terrain_valid,
           std::mt19937_64& random);
  /// Of the samples since the last call.
  PairRows take();

 private:
  ContrastOptions options_;
  int side_;
  UpSlopeChannels up_slope_;
  std::vector<at::Tensor> cells_, labels_;
};

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <torch/nn/module.h>

#include "nn/model_card.h"

namespace scarp::nn {

inline constexpr std::size_t kEncoderLevels = 5;  ///< strides 2, 4, 8, 16, 32

/// What fusion, decoder and contrast build on: features of planes at strides 2, 4, 8, 16, 32.
class FeatureEncoder : public torch::nn::Module {
 public:
  /// @param x       [B, planes, H, W], H and W multiples of 32
  /// @param levels  1 to 5: how many maps are wanted; what lies above is not computed
  /// @return        maps [B, channels()[i], H / s, W / s], s = 2, 4, 8, 16, 32
  virtual std::vector<torch::Tensor> forward(const torch::Tensor& x, std::size_t levels = kEncoderLevels) = 0;
  virtual void fold_norms() = 0;  ///< for inference only
  virtual const std::vector<std::int64_t>& channels() const = 0;
};

/// Channels of the five maps of an encoder of this shape and width.
std::vector<std::int64_t> channels_of_levels(EncoderShape shape, double width);

}  // namespace scarp::nn

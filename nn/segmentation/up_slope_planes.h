// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include <ATen/core/Tensor.h>

#include "nn/hyper_pixels.h"
#include "nn/model_card.h"

namespace scarp::nn {

/// The ground's gradient of one sample, held.
struct UpSlopePlanes {
  at::Tensor east, north;  ///< [S, S] float
  at::Tensor valid;        ///< [1, 1, S, S] uint8
  UpSlope view() const;    ///< as long as the planes live
};

/// The channels gradient_east and gradient_north of a model's terrain, by which up is told.
class UpSlopeChannels {
 public:
  explicit UpSlopeChannels(const ModelCard& card);
  bool there() const { return east_ >= 0 && north_ >= 0; }
  /// @param terrain  [1, Ct, S, S] float, in the units of the card, turned with the pixels
  /// @param valid    [1, 1, S, S] uint8
  /// @return none where the terrain has no such channels
  std::optional<UpSlopePlanes> of(const at::Tensor& terrain, const at::Tensor& valid) const;

 private:
  std::int64_t east_, north_;  ///< -1: not there
};

}  // namespace scarp::nn

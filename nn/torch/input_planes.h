// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <ATen/core/Tensor.h>

#include "nn/model_card.h"

namespace scarp::nn {

/// What the two branches see: normalised channels and, last, a plane that says what is valid.
struct InputPlanes {
  at::Tensor optical;  ///< [B, optical channels + 1, H, W]; undefined without optical channels
  at::Tensor terrain;  ///< [B, terrain channels + 1, H, W]; undefined without terrain channels
};

/// Brings raw planes to what the network sees: (value - mean) / deviation, clamped to +-10, 0 where invalid.
/// What an invalid pixel holds, NaN included, never matters. With ModelCard::optical_window_px the optical
/// channels then become local contrast.
class InputNormaliser {
 public:
  InputNormaliser(const ModelCard& card, at::Device device);

  /// @param optical [B, Co, H, W] float; @param terrain [B, Ct, H, W] float; @param valid, terrain_valid [B,
  /// 1, H, W] bool
  InputPlanes operator()(const at::Tensor& optical,
                         const at::Tensor& terrain,
                         const at::Tensor& valid,
                         const at::Tensor& terrain_valid) const;

 private:
  at::Tensor optical_planes(const at::Tensor& optical, const at::Tensor& valid) const;

  int optical_window_;                           ///< 0: none
  at::Tensor optical_mean_, optical_deviation_;  ///< [1, C, 1, 1]; undefined without channels
  at::Tensor terrain_mean_, terrain_deviation_;
};

}  // namespace scarp::nn

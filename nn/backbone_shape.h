// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace scarp::nn {

/// A pretrained vision transformer as an encoder of the detector: all that is needed to build it again,
/// beside the channels and statistics of the model's card. Its weights lie in the model file.
struct BackboneShape {
  std::string name;  ///< of the backbone that it was taken from
  std::int64_t width = 0, depth = 0, heads = 0;
  std::int64_t patch = 0;          ///< 4, 8, 16 or 32 pixels: what the feature pyramid can be built on
  std::int64_t grid = 0;           ///< rows and columns of its position table
  bool learned_positions = false;  ///< resized to other grids; else computed for them
  double ground_ratio = 1;         ///< of fixed positions, see nn/torch/positions.h
  bool grouped = false;            ///< image and terrain have patch projections and tokens of their own
  void check() const;              ///< @throws std::invalid_argument naming the first field out of range
  std::string text() const;        ///< "vit 192-12-3, patches of 8 px"
  bool operator==(const BackboneShape&) const = default;
};

}  // namespace scarp::nn

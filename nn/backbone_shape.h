// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

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
  std::string text() const;        ///< "NAME: vit 192-12-3, patches of 8 px"
  /// Shapes of the largest weights of such a backbone, by name: what a file must hold before a network is
  /// built that may be a thousand times its size.
  std::map<std::string, std::vector<std::int64_t>> telling_weights() const;
  bool operator==(const BackboneShape&) const = default;
};

}  // namespace scarp::nn

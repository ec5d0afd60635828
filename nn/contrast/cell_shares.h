// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "nn/hyper_pixels.h"

namespace scarp::nn {

/// The share of landslide in each cell of a square window, and what a cell is by it alone.
class CellShares {
 public:
  CellShares(int side,
             std::span<const std::uint8_t> labels,
             int landslide_class,
             const HyperPixelOptions& options);

  int cells() const { return across_; }  ///< along a side
  bool inside(int row, int col) const { return row >= 0 && col >= 0 && row < across_ && col < across_; }
  bool labelled(int row, int col) const { return share(row, col) >= 0; }
  bool landslide(int row, int col) const { return share(row, col) >= landslide_share_; }
  bool background(int row, int col) const {
    return labelled(row, col) && share(row, col) <= background_share_;
  }
  /// Of the labelled pixels, 0..1; below 0 where too few are labelled.
  double share(int row, int col) const {
    return shares_[static_cast<std::size_t>(row) * static_cast<std::size_t>(across_) +
                   static_cast<std::size_t>(col)];
  }

 private:
  int across_;
  double landslide_share_, background_share_;
  std::vector<double> shares_;
};

}  // namespace scarp::nn

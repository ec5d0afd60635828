// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "datasets/ring.h"

namespace scarp::datasets {

/// Which pixels are taken by a landslide or a decoy, so that forms do not overlap.
class Occupancy {
 public:
  Occupancy(int rows, int cols)
      : rows_(rows), cols_(cols), taken_(static_cast<std::size_t>(rows) * cols, 0) {}

  /// Whether the inside of the ring, with a margin of some pixels, lies in the grid and is free.
  bool free(const PixelRing& ring) const;
  void take(const PixelRing& ring);

 private:
  int rows_, cols_;
  std::vector<std::uint8_t> taken_;
};

}  // namespace scarp::datasets

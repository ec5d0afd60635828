// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "geo/grid.h"

namespace scarp::datasets {

/// A closed curve in pixels; the first point is not repeated.
using PixelRing = std::vector<geo::PixelPoint>;

/// Calls visit(row, col) for every pixel of a rows x cols grid whose centre lies inside the ring (even-odd
/// rule), in order.
template <typename Visit>
void for_each_pixel_inside(const PixelRing& ring, int rows, int cols, Visit visit) {
  if (ring.size() < 3) return;
  const auto [top, bottom] = std::minmax_element(ring.begin(), ring.end(),
                                                 [](const auto& a, const auto& b) { return a.row < b.row; });
  const int first = std::max(0, static_cast<int>(std::floor(top->row)));
  const int last = std::min(rows - 1, static_cast<int>(std::ceil(bottom->row)));
  std::vector<double> crossings;
  for (int row = first; row <= last; ++row) {
    const double y = row + 0.5;
    crossings.clear();
    for (std::size_t i = 0; i < ring.size(); ++i) {
      const geo::PixelPoint &a = ring[i], &b = ring[(i + 1) % ring.size()];
      if ((a.row <= y) != (b.row <= y))
        crossings.push_back(a.col + (y - a.row) / (b.row - a.row) * (b.col - a.col));
    }
    std::sort(crossings.begin(), crossings.end());
    for (std::size_t i = 0; i + 1 < crossings.size(); i += 2) {
      const int from = std::max(0, static_cast<int>(std::ceil(crossings[i] - 0.5)));
      const int to = std::min(cols - 1, static_cast<int>(std::ceil(crossings[i + 1] - 0.5)) - 1);
      for (int col = from; col <= to; ++col) visit(row, col);
    }
  }
}

/// Whether no two edges of the ring cross.
bool is_simple(const PixelRing& ring);

/// The nearest point of a polyline: how far along (in pixels), how far beside (positive to the right of its
/// direction with rows downwards), and the distance.
struct AlongLine {
  float along = 0;
  float beside = 0;
  float distance = 0;
};
AlongLine project(const PixelRing& line, float row, float col);

/// Distance in pixels to the closed curve.
float distance_to_ring(const PixelRing& ring, float row, float col);

}  // namespace scarp::datasets

// SPDX-License-Identifier: Apache-2.0
#include "datasets/occupancy.h"

namespace scarp::datasets {
namespace {

constexpr int kMarginPx = 3;

/// Calls visit(row, col) for pixels in and around the ring; may be beyond the grid, and more than once.
template <typename Visit>
void for_each_pixel_around(const PixelRing& ring, int rows, int cols, Visit visit) {
  for_each_pixel_inside(ring, rows, cols, visit);
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const geo::PixelPoint &a = ring[i], &b = ring[(i + 1) % ring.size()];
    const double reach = std::max(std::abs(b.row - a.row), std::abs(b.col - a.col));
    const int steps = 1 + static_cast<int>(reach / kMarginPx);
    for (int step = 0; step < steps; ++step) {
      const double share = static_cast<double>(step) / steps;
      const int row = static_cast<int>(std::floor(std::lerp(a.row, b.row, share)));
      const int col = static_cast<int>(std::floor(std::lerp(a.col, b.col, share)));
      for (int r = row - kMarginPx; r <= row + kMarginPx; ++r) {
        for (int c = col - kMarginPx; c <= col + kMarginPx; ++c) visit(r, c);
      }
    }
  }
}

}  // namespace

bool Occupancy::free(const PixelRing& ring) const {
  bool clear = true;
  for_each_pixel_around(ring, rows_, cols_, [&](int row, int col) {
    const bool inside = row >= 0 && row < rows_ && col >= 0 && col < cols_;
    clear = clear && inside && taken_[static_cast<std::size_t>(row) * cols_ + col] == 0;
  });
  return clear;
}

void Occupancy::take(const PixelRing& ring) {
  for_each_pixel_around(ring, rows_, cols_, [&](int row, int col) {
    if (row >= 0 && row < rows_ && col >= 0 && col < cols_)
      taken_[static_cast<std::size_t>(row) * cols_ + col] = 1;
  });
}

}  // namespace scarp::datasets

// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/kept_objects.h"

#include <algorithm>

namespace scarp::vector {
namespace {

/// An odd number of vertical edges lies left of a pixel inside.
bool holds(std::span<const Corner> ring, std::int64_t row, std::int32_t col) {
  bool inside = false;
  const Corner* before = &ring.back();
  for (const Corner& corner : ring) {
    const auto [top, bottom] = std::minmax(before->row, corner.row);
    if (before->col == corner.col && corner.col <= col && top <= row && row < bottom) inside = !inside;
    before = &corner;
  }
  return inside;
}

}  // namespace

void KeptObjects::add(std::int64_t row, std::int32_t col) {
  cols_[row].push_back(col);
}

bool KeptObjects::any_in(std::span<const Corner> ring) const {
  const auto [top, bottom] = std::minmax_element(ring.begin(), ring.end());
  for (auto row = cols_.lower_bound(top->row); row != cols_.end() && row->first < bottom->row; ++row) {
    for (const std::int32_t col : row->second) {
      if (holds(ring, row->first, col)) return true;
    }
  }
  return false;
}

void KeptObjects::forget_above(std::int64_t row) {
  cols_.erase(cols_.begin(), cols_.lower_bound(row));
}

}  // namespace scarp::vector

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

namespace scarp::geo {

/// A half-open rectangle of pixels: rows [row, row + rows), columns [col, col + cols). May lie outside a
/// raster.
struct Window {
  std::int64_t row = 0;
  std::int64_t col = 0;
  std::int64_t rows = 0;
  std::int64_t cols = 0;

  std::int64_t row_end() const { return row + rows; }
  std::int64_t col_end() const { return col + cols; }
  std::int64_t pixels() const { return rows * cols; }
  bool empty() const { return rows <= 0 || cols <= 0; }
  bool contains(const Window& other) const {
    return other.row >= row && other.col >= col && other.row_end() <= row_end() &&
           other.col_end() <= col_end();
  }
  /// This window with a margin of `pixels` on all four sides.
  Window grown(std::int64_t pixels) const {
    return {row - pixels, col - pixels, rows + 2 * pixels, cols + 2 * pixels};
  }
  bool operator==(const Window&) const = default;
};

/// What two windows share; empty (rows or cols 0) if they share nothing.
inline Window intersection(const Window& a, const Window& b) {
  const std::int64_t row = std::max(a.row, b.row);
  const std::int64_t col = std::max(a.col, b.col);
  return {row, col, std::max<std::int64_t>(0, std::min(a.row_end(), b.row_end()) - row),
          std::max<std::int64_t>(0, std::min(a.col_end(), b.col_end()) - col)};
}

/// The smallest window that holds both; an empty window adds nothing.
inline Window enclosing(const Window& a, const Window& b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  const std::int64_t row = std::min(a.row, b.row);
  const std::int64_t col = std::min(a.col, b.col);
  return {row, col, std::max(a.row_end(), b.row_end()) - row, std::max(a.col_end(), b.col_end()) - col};
}

}  // namespace scarp::geo

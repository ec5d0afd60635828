// SPDX-License-Identifier: Apache-2.0
#include "geo/tile_plan.h"

#include <algorithm>
#include <string>

#include "geo/error.h"

namespace scarp::geo {
namespace {

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a >= 0 ? a / b : -((-a + b - 1) / b);
}

struct LatticeRange {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

/// Tiles i with window [i stride - margin, i stride - margin + tile) that meet [begin, end).
LatticeRange lattice_range(std::int64_t begin,
                           std::int64_t end,
                           std::int64_t tiles,
                           const TilePlanOptions& options) {
  if (begin >= end) return {};
  const std::int64_t stride = options.tile_px - options.overlap_px;
  const std::int64_t margin = options.overlap_px / 2;
  const std::int64_t first =
      std::max<std::int64_t>(0, floor_div(begin + margin - options.tile_px, stride) + 1);
  const std::int64_t last = std::min(tiles - 1, floor_div(end + margin - 1, stride));
  return {first, std::max<std::int64_t>(0, last - first + 1)};
}

}  // namespace

void TilePlanOptions::check() const {
  if (tile_px > overlap_px && overlap_px >= 0 && overlap_px % 2 == 0) return;
  throw Error(Fault::bad_argument, "tiles of " + std::to_string(tile_px) + " pixels cannot overlap by " +
                                       std::to_string(overlap_px) +
                                       ": the overlap must be even, not negative, and smaller than the tile");
}

TilePlan::TilePlan(std::int64_t rows, std::int64_t cols, const TilePlanOptions& options)
    : rows_(rows), cols_(cols), options_(options) {
  options_.check();
  if (rows <= 0 || cols <= 0) {
    throw Error(Fault::bad_argument, "a raster of " + std::to_string(rows) + " x " + std::to_string(cols) +
                                         " pixels cannot be cut into tiles");
  }
  tile_rows_ = (rows + stride_px() - 1) / stride_px();
  tile_cols_ = (cols + stride_px() - 1) / stride_px();
}

PlannedTile TilePlan::tile(std::int64_t lattice_row, std::int64_t lattice_col) const {
  if (lattice_row < 0 || lattice_row >= tile_rows_ || lattice_col < 0 || lattice_col >= tile_cols_) {
    throw Error(Fault::bad_argument, "tile (" + std::to_string(lattice_row) + ", " +
                                         std::to_string(lattice_col) + ") is outside the lattice of " +
                                         std::to_string(tile_rows_) + " x " + std::to_string(tile_cols_));
  }
  const std::int64_t stride = stride_px();
  const Window cell{lattice_row * stride, lattice_col * stride, stride, stride};
  return {cell.grown(options_.overlap_px / 2), intersection(cell, {0, 0, rows_, cols_})};
}

Window TilePlan::lattice_covering(const Window& area) const {
  const Window inside = intersection(area, {0, 0, rows_, cols_});
  if (inside.empty()) return {};
  const LatticeRange rows = lattice_range(inside.row, inside.row_end(), tile_rows_, options_);
  const LatticeRange cols = lattice_range(inside.col, inside.col_end(), tile_cols_, options_);
  return {rows.first, cols.first, rows.count, cols.count};
}

}  // namespace scarp::geo

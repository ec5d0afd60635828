// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "geo/window.h"

namespace scarp::geo {

struct TilePlanOptions {
  int tile_px = 512;     ///< side of a tile, > overlap_px
  int overlap_px = 128;  ///< shared by neighbours, even
  void check() const;    ///< @throws Error (bad_argument)
};

/// A tile and the part of it, its core, for which it is the nearest. Tiles at the edge reach beyond the
/// raster.
struct PlannedTile {
  Window window;
  Window core;
};

/// Cuts a raster into overlapping tiles on a lattice anchored at the raster's own origin, never at the area
/// of interest: the same ground is always seen in the same tile. Cores cover the raster exactly once.
class TilePlan {
 public:
  TilePlan(std::int64_t rows, std::int64_t cols, const TilePlanOptions& options);

  int tile_px() const { return options_.tile_px; }
  int overlap_px() const { return options_.overlap_px; }
  int stride_px() const { return options_.tile_px - options_.overlap_px; }
  std::int64_t tile_rows() const { return tile_rows_; }  ///< lattice size
  std::int64_t tile_cols() const { return tile_cols_; }
  PlannedTile tile(std::int64_t lattice_row, std::int64_t lattice_col) const;

  /// Lattice rows [row, row + rows) and columns of every tile that reaches into `area` (clipped to the
  /// raster).
  Window lattice_covering(const Window& area) const;

 private:
  std::int64_t rows_;
  std::int64_t cols_;
  TilePlanOptions options_;
  std::int64_t tile_rows_;
  std::int64_t tile_cols_;
};

}  // namespace scarp::geo

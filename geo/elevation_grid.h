// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "geo/position_lattice.h"
#include "geo/raster_source.h"

namespace scarp::geo {

/// Elevation on a terrain grid, whatever grid the DEM has: copied where both grids are the same but for a
/// shift by whole pixels, else bilinear. A pixel is valid if all DEM pixels that have weight in it are. The
/// terrain grid goes on beyond its own borders: elevation there is as good as inside, as far as the DEM
/// reaches. Where DEM and grid have other pixels, or windows will share many rows, it works in square blocks
/// on a lattice that is anchored at the grid's first pixel, and keeps the blocks last used: pixels do not
/// depend on what is read, and windows that go down in order are warped once.
class ElevationGrid {
 public:
  static constexpr std::int64_t kBlockPx = 256;

  /// @param margin_px  how far beyond the grid's borders elevation will be asked for
  ElevationGrid(const Grid& grid, std::unique_ptr<RasterSource> dem, std::int64_t margin_px);

  /// @param metres  [rows, cols]; anything where invalid
  void read(const Window& window, std::vector<float>& metres, std::vector<std::uint8_t>& valid);

  /// The DEM's extent on this grid where its grid is the same but for a shift; else empty: its border is no
  /// line of pixels.
  Window raster() const;

 private:
  /// Metres of a block, NaN where invalid; empty where nothing is valid.
  struct Block {
    std::vector<float> metres;
    std::uint64_t last_used = 0;
  };
  struct Piece;

  void read_straight(const Window& window, std::vector<float>& metres, std::vector<std::uint8_t>& valid);
  const Block& block(std::int64_t block_row, std::int64_t block_col);
  void make_room(const Window& window);
  void fill(const Window& window, const Window& block, std::vector<float>& metres);
  void fill_by_copy(const Window& window, std::vector<float>& metres);
  void fill_by_warp(const Window& window, const Window& block, std::vector<float>& metres);
  void read_piece(const Window& window, Piece& piece);

  Grid grid_;
  std::unique_ptr<RasterSource> dem_;
  std::int64_t margin_px_;
  std::optional<PixelPoint>
      shift_;  ///< DEM pixel of the grid's first pixel, if grids are the same but for that
  PositionLattice lattice_;
  std::unordered_map<std::int64_t, Block> blocks_;
  std::size_t kept_blocks_;
  std::uint64_t clock_ = 0;
};

}  // namespace scarp::geo

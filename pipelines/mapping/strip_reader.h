// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "geo/aligned_stack.h"
#include "geo/tile_plan.h"
#include "pipelines/recycler.h"

namespace scarp::pipelines {

/// One lattice row of tiles as pixels, as wide as the tiles that are wanted. Its rows lie in one or more
/// bands, which neighbouring strips share: no pixel is read or copied twice.
class Strip {
 public:
  Strip(std::int64_t lattice_row, std::vector<std::shared_ptr<const geo::StackTile>> bands)
      : lattice_row_(lattice_row), bands_(std::move(bands)) {}

  std::int64_t lattice_row() const { return lattice_row_; }
  const std::vector<std::shared_ptr<const geo::StackTile>>& bands() const { return bands_; }

  /// Copies the pixels of one tile; what lies beyond the raster becomes 0.
  /// @param planes    which planes, e.g. &geo::StackTile::optical
  /// @param channels  how many there are
  /// @param to        room for [channels, tile rows, tile cols]
  template <typename T>
  void cut(std::vector<T> geo::StackTile::*planes,
           std::size_t channels,
           const geo::Window& tile,
           T* to) const {
    std::int64_t known = 0;
    for (const auto& band : bands_) known += geo::intersection(tile, band->window).pixels();
    if (known < tile.pixels()) std::fill(to, to + static_cast<std::int64_t>(channels) * tile.pixels(), T{0});
    for (const auto& band : bands_) {
      const geo::Window part = geo::intersection(tile, band->window);
      for (std::size_t c = 0; c < channels; ++c) {
        const T* from = ((*band).*planes).data() + static_cast<std::int64_t>(c) * band->window.pixels();
        T* plane = to + static_cast<std::int64_t>(c) * tile.pixels();
        for (std::int64_t row = part.row; row < part.row_end(); ++row) {
          const T* source = from + (row - band->window.row) * band->window.cols + part.col - band->window.col;
          std::copy(source, source + part.cols, plane + (row - tile.row) * tile.cols + part.col - tile.col);
        }
      }
    }
  }

 private:
  std::int64_t lattice_row_;
  std::vector<std::shared_ptr<const geo::StackTile>> bands_;
};

/// Reads a scene in strips of tiles from top to bottom. Rows that strips share are read once.
class StripReader {
 public:
  /// @param lattice  rows and columns of the tile lattice that are wanted
  /// @param factors  of terrain channels, applied as read (see terrain_units.h)
  StripReader(geo::AlignedStack stack,
              const geo::TilePlan& plan,
              const geo::Window& lattice,
              std::vector<float> factors);

  bool done() const { return next_ >= lattice_.row_end(); }
  /// The next strip; it lives as long as somebody works on it, then its memory is used again.
  std::shared_ptr<const Strip> next();

 private:
  geo::Window strip_window(std::int64_t lattice_row) const;

  geo::AlignedStack stack_;
  geo::TilePlan plan_;
  geo::Window lattice_;
  std::vector<float> factors_;
  std::int64_t next_;
  Recycler<geo::StackTile> spare_;
  std::vector<std::shared_ptr<const geo::StackTile>> bands_;  ///< of the last strip
};

}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "geo/aligned_stack.h"
#include "geo/tile_plan.h"

namespace scarp::pipelines {

/// One lattice row of tiles as a strip of pixels, as wide as the tiles that are wanted.
struct Strip {
  std::int64_t lattice_row = 0;
  geo::StackTile pixels;
};

/// Reads a scene in strips of tiles from top to bottom. Rows that two strips share are read once and copied.
class StripReader {
 public:
  /// @param lattice  rows and columns of the tile lattice that are wanted
  /// @param factors  of terrain channels, applied as read (see terrain_units.h)
  StripReader(geo::AlignedStack stack,
              const geo::TilePlan& plan,
              const geo::Window& lattice,
              std::vector<float> factors);

  bool done() const { return next_ >= lattice_.row_end(); }
  /// The next strip. Strips are shared, not copied: a strip lives as long as somebody works on it.
  std::shared_ptr<const Strip> next();

 private:
  geo::Window strip_window(std::int64_t lattice_row) const;

  geo::AlignedStack stack_;
  geo::TilePlan plan_;
  geo::Window lattice_;
  std::vector<float> factors_;
  std::int64_t next_;
  std::shared_ptr<const Strip> previous_;
  geo::StackTile fresh_;
};

/// The pixels of one tile cut from a strip, appended plane by plane to `out`, which must have room.
/// @param from, to  planes [channels, strip rows, strip cols] -> [channels, tile, tile]
template <typename T>
void cut_tile(const std::vector<T>& from,
              const geo::Window& strip,
              const geo::Window& tile,
              std::size_t channels,
              T* to) {
  const auto strip_plane = static_cast<std::size_t>(strip.pixels());
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::int64_t row = 0; row < tile.rows; ++row) {
      const T* source =
          from.data() + c * strip_plane +
          static_cast<std::size_t>((tile.row + row - strip.row) * strip.cols + tile.col - strip.col);
      to = std::copy(source, source + tile.cols, to);
    }
  }
}

}  // namespace scarp::pipelines

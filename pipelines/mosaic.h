// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "geo/tile_plan.h"

namespace scarp::pipelines {

/// Finished rows of the map.
struct MapRows {
  std::int64_t row = 0;                          ///< in the grid
  std::int64_t rows = 0;
  std::span<const std::uint8_t> classes;         ///< [rows, cols] index of the most probable class; 255 nodata
  std::span<const std::uint8_t> probability;     ///< [rows, cols] of not being class 0: p = value / 254; 255 nodata
};

/// Blends overlapping tiles of logits into rows of classes, top to bottom. A tile weighs one in its middle and falls linearly to
/// its edge over the overlap; a pixel's sum is always taken in the order of the lattice. Keeps one band of tiles in floats.
class Mosaic {
 public:
  using Sink = std::function<void(const MapRows&)>;
  /// @param area     pixels of the grid that come out: every tile that reaches into it must be added
  /// @param classes  number of logits
  Mosaic(const geo::TilePlan& plan, const geo::Window& area, int classes, Sink sink);

  /// Adds one tile of lattice row `lattice_row`. Tiles must come in row-major order of the lattice.
  /// @param logits [classes, tile, tile]; @param valid [tile, tile]
  void add(std::int64_t lattice_row, std::int64_t lattice_col, std::span<const float> logits, std::span<const std::uint8_t> valid);
  /// After the last tile of a lattice row: rows that no later tile touches go out.
  void finish_lattice_row(std::int64_t lattice_row);
  std::int64_t not_finite() const { return not_finite_; }

 private:
  void emit(std::int64_t first_row, std::int64_t last_row);

  geo::TilePlan plan_;
  geo::Window area_;
  int classes_;
  Sink sink_;
  std::vector<float> ramp_;              ///< [tile] weight along one axis
  std::int64_t band_row_ = 0;            ///< grid row of the first row held
  std::vector<float> sums_;              ///< [classes, band rows, area cols]
  std::vector<float> weights_;           ///< [band rows, area cols]
  std::int64_t not_finite_ = 0;
};

}  // namespace scarp::pipelines

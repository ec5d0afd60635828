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
  std::int64_t row = 0;  ///< first row, in the grid
  std::int64_t rows = 0;
  std::span<const std::uint8_t>
      classes;  ///< [rows, area cols] index of the most probable class; kNoClass nodata
  std::span<const std::uint8_t>
      probability;  ///< [rows, area cols] of not being class 0: p = value / 254; kNoProbability nodata
  std::span<const std::uint8_t>
      certainty;  ///< [rows, area cols] of the class: at least value / 254; 0 nodata
};

inline constexpr std::uint8_t kNoClass = 255;
inline constexpr std::uint8_t kNoProbability = 255;
inline constexpr double kProbabilitySteps = 254;

/// Blends overlapping tiles of logits into rows of classes, from top to bottom. A tile's weight falls
/// linearly to its edge over the overlap; a pixel's sum is always taken in the order of the lattice, so the
/// answer does not depend on who computed what when. Keeps one band of tiles as floats: memory grows with the
/// width of the area, never with its height.
class Mosaic {
 public:
  using Sink = std::function<void(const MapRows&)>;

  /// @param area     pixels of the grid that come out: every tile with a valid pixel that reaches into it
  /// must be added
  /// @param classes  number of logits, 2..254
  Mosaic(const geo::TilePlan& plan, const geo::Window& area, int classes, Sink sink);

  /// Adds a tile. Tiles must come in row-major order of the lattice; tiles without a valid pixel may be left
  /// out.
  /// @param logits [classes, tile, tile]
  /// @param valid  [tile, tile]; pixels with 0 do not count
  void add(std::int64_t lattice_row,
           std::int64_t lattice_col,
           std::span<const float> logits,
           std::span<const std::uint8_t> valid);

  /// After the last tile of a lattice row: rows that no later tile touches go out.
  void finish_lattice_row(std::int64_t lattice_row);

  /// Valid pixels whose logits were not finite: they became nodata.
  std::int64_t not_finite() const { return not_finite_; }

 private:
  void add_row(std::int64_t row,
               const geo::Window& tile,
               const geo::Window& part,
               std::span<const float> logits,
               std::span<const std::uint8_t> valid);
  void emit(std::int64_t rows);
  void finish_pixel(std::size_t pixel);
  void shift(std::int64_t rows);

  geo::TilePlan plan_;
  geo::Window area_;
  std::int64_t classes_;
  Sink sink_;
  std::vector<float> ramp_;     ///< [tile] weight along one axis
  std::int64_t band_row_;       ///< grid row of the first row held
  std::int64_t band_rows_;      ///< rows held
  std::vector<float> sums_;     ///< [classes, band rows, area cols] weighted logits
  std::vector<float> weights_;  ///< [band rows, area cols]; 0: no valid tile
  std::vector<std::uint8_t> classes_out_;
  std::vector<std::uint8_t> probability_out_;
  std::vector<std::uint8_t> certainty_out_;
  std::int64_t not_finite_ = 0;
};

}  // namespace scarp::pipelines

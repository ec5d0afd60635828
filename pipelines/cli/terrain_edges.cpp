// SPDX-License-Identifier: Apache-2.0
#include "pipelines/cli/terrain_edges.h"

#include <algorithm>
#include <vector>

namespace scarp::cli {

namespace {

struct Ground {
  float metres = 0;
  std::uint8_t valid = 0;
};

/// The elevation of a raster, and beyond its edges what gdaldem takes: above and below the line through the
/// two nearest pixels of the column; left and right the line along the row, but on the first and last row the
/// nearest pixel.
class ContinuedGround {
 public:
  ContinuedGround(const geo::ElevationView& elevation, const geo::Window& raster)
      : elevation_(elevation), raster_(raster) {}

  Ground above_or_below(std::int64_t row, std::int64_t col) const {
    const std::int64_t near_col = std::clamp(col, raster_.col, raster_.col_end() - 1);
    if (row < raster_.row) return line(at(row + 1, near_col), at(row + 2, near_col));
    if (row >= raster_.row_end()) return line(at(row - 1, near_col), at(row - 2, near_col));
    return at(row, near_col);
  }

  Ground left_or_right(std::int64_t row, std::int64_t col) const {
    if (col < raster_.col) return line(at(row, col + 1), at(row, col + 2));
    if (col >= raster_.col_end()) return line(at(row, col - 1), at(row, col - 2));
    return at(row, col);
  }

 private:
  Ground at(std::int64_t row, std::int64_t col) const {
    const geo::Window& window = elevation_.window;
    if (!window.contains({row, col, 1, 1})) return {};
    const std::size_t index = (row - window.row) * window.cols + (col - window.col);
    return {elevation_.metres[index], elevation_.valid[index]};
  }

  static Ground line(Ground near, Ground far) {
    return {2 * near.metres - far.metres, static_cast<std::uint8_t>(near.valid && far.valid)};
  }

  const geo::ElevationView& elevation_;
  const geo::Window& raster_;
};

/// Derives the pixels of `side` from the ground that `ground(row, col)` tells, and lays them into `out`.
template <typename GroundAt>
void derive_side(const geo::Window& side,
                 const GroundAt& ground,
                 const geo::ElevationView& elevation,
                 const geo::Window& core,
                 std::span<const geo::TerrainChannel> channels,
                 std::span<float> out) {
  if (side.empty()) return;
  const geo::Window window = side.grown(1);
  std::vector<float> metres;
  std::vector<std::uint8_t> valid;
  for (std::int64_t row = window.row; row < window.row_end(); ++row) {
    for (std::int64_t col = window.col; col < window.col_end(); ++col) {
      const Ground here = ground(row, col);
      metres.push_back(here.metres);
      valid.push_back(here.valid);
    }
  }
  std::vector<float> derived(side.pixels());
  std::vector<std::uint8_t> derived_valid(side.pixels());
  for (std::size_t channel = 0; channel < channels.size(); ++channel) {
    if (channels[channel].kind == geo::TerrainKind::relative_elevation) continue;
    geo::derive_terrain({window, metres, valid, elevation.pixel_x_m, elevation.pixel_y_m}, side,
                        channels.subspan(channel, 1), derived, derived_valid);
    for (std::int64_t row = 0; row < side.rows; ++row) {
      const std::size_t to =
          (channel * core.rows + side.row - core.row + row) * core.cols + side.col - core.col;
      std::copy_n(&derived[row * side.cols], side.cols, &out[to]);
    }
  }
}

}  // namespace

void derive_edges(const geo::ElevationView& elevation,
                  const geo::Window& raster,
                  const geo::Window& core,
                  std::span<const geo::TerrainChannel> channels,
                  std::span<float> out) {
  const ContinuedGround ground(elevation, raster);
  const auto sideways = [&](std::int64_t row, std::int64_t col) { return ground.left_or_right(row, col); };
  const auto upright = [&](std::int64_t row, std::int64_t col) { return ground.above_or_below(row, col); };
  const geo::Window inner_rows = {raster.row + 1, raster.col, raster.rows - 2, raster.cols};
  for (const std::int64_t col : {raster.col, raster.col_end() - 1}) {
    const geo::Window side = {inner_rows.row, col, inner_rows.rows, 1};
    derive_side(geo::intersection(side, core), sideways, elevation, core, channels, out);
  }
  for (const std::int64_t row : {raster.row, raster.row_end() - 1}) {
    derive_side(geo::intersection({row, raster.col, 1, raster.cols}, core), upright, elevation, core,
                channels, out);
  }
}

}  // namespace scarp::cli

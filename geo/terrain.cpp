// SPDX-License-Identifier: Apache-2.0
#include "geo/terrain.h"

#include <algorithm>
#include <array>

#include "geo/box_mean.h"
#include "geo/error.h"
#include "geo/terrain_operators.h"

namespace scarp::geo {
namespace {

/// Rows are worked through in pieces of this many pixels, so that the buffers of a piece stay in the cache.
constexpr std::int64_t kPiecePx = 512;

/// The differences of a piece of a row, one array each.
struct DifferenceRow {
  std::array<float, kPiecePx> east, north, d, e, f, g, h;

  void set(std::int64_t i, const Differences& difference) {
    east[i] = difference.horn_east;
    north[i] = difference.horn_north;
    d[i] = difference.d;
    e[i] = difference.e;
    f[i] = difference.f;
    g[i] = difference.g;
    h[i] = difference.h;
  }
};

/// Finds the neighbourhood of any pixel, with the rules for invalid neighbours and for the raster's edge.
class Neighbourhood {
 public:
  explicit Neighbourhood(const ElevationView& elevation) : view_(elevation), raster_(elevation.raster) {}

  /// Differences around a valid pixel.
  Differences at(std::int64_t row, std::int64_t col) const {
    const float centre = metres(row, col);
    std::array<float, 9> z;
    for (int i = 0; i < 9; ++i) z[i] = neighbour(row, col, i / 3 - 1, i % 3 - 1, centre);
    return differences(z[0], z[1], z[2], z[3], z[4], z[5], z[6], z[7], z[8]);
  }

 private:
  bool valid(std::int64_t row, std::int64_t col) const {
    const Window& w = view_.window;
    if (row < w.row || row >= w.row_end() || col < w.col || col >= w.col_end()) return false;
    return view_.valid[static_cast<std::size_t>((row - w.row) * w.cols + col - w.col)] != 0;
  }
  float metres(std::int64_t row, std::int64_t col) const {
    const Window& w = view_.window;
    return view_.metres[static_cast<std::size_t>((row - w.row) * w.cols + col - w.col)];
  }
  bool first_or_last_row(std::int64_t row) const {
    return row == raster_.row || row == raster_.row_end() - 1;
  }

  float neighbour(std::int64_t row, std::int64_t col, int down, int right, float centre) const {
    std::int64_t c = col + right;
    if (!raster_.empty()) {
      if (first_or_last_row(row)) c = std::clamp(c, raster_.col, raster_.col_end() - 1);
      const bool beyond_row = row + down < raster_.row || row + down >= raster_.row_end();
      if (beyond_row) return extrapolated(row, c, row - down, c, centre);
      const bool beyond_col = c < raster_.col || c >= raster_.col_end();
      if (beyond_col) return extrapolated(row + down, col, row + down, col - right, centre);
    }
    return valid(row + down, c) ? metres(row + down, c) : centre;
  }

  /// The line through an inner pixel and one at the edge, one pixel on.
  float extrapolated(std::int64_t row,
                     std::int64_t col,
                     std::int64_t inner_row,
                     std::int64_t inner_col,
                     float centre) const {
    if (!valid(row, col) || !valid(inner_row, inner_col)) return centre;
    return 2.0F * metres(row, col) - metres(inner_row, inner_col);
  }

  const ElevationView& view_;
  Window raster_;
};

class TerrainPass {
 public:
  TerrainPass(const ElevationView& elevation, const Window& core, std::span<const TerrainChannel> channels)
      : elevation_(elevation),
        core_(core),
        channels_(channels),
        neighbourhood_(elevation),
        scale_(elevation.pixel_x_m, elevation.pixel_y_m) {
    for (const TerrainChannel& channel : channels) {
      const bool box = channel.kind == TerrainKind::relative_elevation;
      needs_differences_ = needs_differences_ || (!box && channel.kind != TerrainKind::elevation);
      needs_curvature_ = needs_curvature_ || channel.kind == TerrainKind::profile_curvature ||
                         channel.kind == TerrainKind::plan_curvature;
      if (box && quantised_.empty()) quantised_ = quantised(elevation);
    }
    for (const TerrainChannel& channel : channels) {
      if (channel.kind != TerrainKind::relative_elevation) continue;
      relative_.emplace_back(elevation_, quantised_, core_, channel.window_px);
    }
  }

  void run(std::span<float> out, std::span<std::uint8_t> out_valid) {
    for (std::int64_t row = 0; row < core_.rows; ++row) {
      const std::uint8_t* valid = valid_at(core_.row + row, core_.col);
      std::copy_n(valid, core_.cols, out_valid.begin() + row * core_.cols);
      relative_rows(row, out);
      for (std::int64_t col = 0; col < core_.cols; col += kPiecePx) {
        const std::int64_t cols = std::min(kPiecePx, core_.cols - col);
        if (std::find(valid + col, valid + col + cols, 1) == valid + col + cols) {
          clear_piece(row, col, cols, out);
          continue;
        }
        if (needs_differences_) piece_differences(core_.row + row, core_.col + col, cols);
        for (std::size_t i = 0; i < channels_.size(); ++i) {
          float* target = out.data() + (static_cast<std::int64_t>(i) * core_.rows + row) * core_.cols + col;
          piece_channel(channels_[i].kind, core_.row + row, core_.col + col, cols, target);
          clear_invalid(valid + col, cols, target);
        }
      }
    }
  }

 private:
  const float* metres_at(std::int64_t row, std::int64_t col) const {
    return elevation_.metres.data() + (row - elevation_.window.row) * elevation_.window.cols + col -
           elevation_.window.col;
  }
  const std::uint8_t* valid_at(std::int64_t row, std::int64_t col) const {
    return elevation_.valid.data() + (row - elevation_.window.row) * elevation_.window.cols + col -
           elevation_.window.col;
  }

  void relative_rows(std::int64_t row, std::span<float> out) {
    std::size_t next = 0;
    for (std::size_t i = 0; i < channels_.size(); ++i) {
      if (channels_[i].kind != TerrainKind::relative_elevation) continue;
      const auto start = (i * static_cast<std::size_t>(core_.rows) + static_cast<std::size_t>(row)) *
                         static_cast<std::size_t>(core_.cols);
      relative_[next++].next_row(out.subspan(start, static_cast<std::size_t>(core_.cols)));
    }
  }

  void clear_piece(std::int64_t row, std::int64_t col, std::int64_t cols, std::span<float> out) const {
    for (std::size_t i = 0; i < channels_.size(); ++i) {
      std::fill_n(out.begin() + (static_cast<std::int64_t>(i) * core_.rows + row) * core_.cols + col, cols,
                  0.0F);
    }
  }

  static void clear_invalid(const std::uint8_t* valid, std::int64_t cols, float* target) {
    for (std::int64_t i = 0; i < cols; ++i) target[i] = valid[i] != 0 ? target[i] : 0.0F;
  }

  /// Differences of all pixels of a piece as if every neighbour were there, then again of those where one is
  /// not.
  void piece_differences(std::int64_t row, std::int64_t col, std::int64_t cols) {
    const Window& view = elevation_.window;
    const bool inner_row = row > view.row && row + 1 < view.row_end();
    const std::int64_t first = std::max(col, view.col + 1);
    const std::int64_t last = inner_row ? std::max(first, std::min(col + cols, view.col_end() - 1)) : first;
    if (first < last) {
      plain_differences(row, first, first - col, last - first);
      lacking_differences(row, col, first, last);
    }
    edge_differences(row, col, col, first);
    edge_differences(row, col, last, col + cols);
  }

  void plain_differences(std::int64_t row, std::int64_t col, std::int64_t offset, std::int64_t cols) {
    const float* up = metres_at(row - 1, col);
    const float* mid = metres_at(row, col);
    const float* down = metres_at(row + 1, col);
    float* const east = difference_.east.data() + offset;
    float* const north = difference_.north.data() + offset;
    if (!needs_curvature_) {
#pragma GCC ivdep
      for (std::int64_t i = 0; i < cols; ++i) {
        const Differences difference = differences(up[i - 1], up[i], up[i + 1], mid[i - 1], mid[i],
                                                   mid[i + 1], down[i - 1], down[i], down[i + 1]);
        east[i] = difference.horn_east;
        north[i] = difference.horn_north;
      }
      return;
    }
    float* const d = difference_.d.data() + offset;
    float* const e = difference_.e.data() + offset;
    float* const f = difference_.f.data() + offset;
    float* const g = difference_.g.data() + offset;
    float* const h = difference_.h.data() + offset;
#pragma GCC ivdep
    for (std::int64_t i = 0; i < cols; ++i) {
      const Differences difference = differences(up[i - 1], up[i], up[i + 1], mid[i - 1], mid[i], mid[i + 1],
                                                 down[i - 1], down[i], down[i + 1]);
      east[i] = difference.horn_east;
      north[i] = difference.horn_north;
      d[i] = difference.d;
      e[i] = difference.e;
      f[i] = difference.f;
      g[i] = difference.g;
      h[i] = difference.h;
    }
  }

  /// Valid pixels that lack a neighbour, in columns [first, last) whose neighbours are all inside the view.
  void lacking_differences(std::int64_t row, std::int64_t col, std::int64_t first, std::int64_t last) {
    const std::uint8_t* up = valid_at(row - 1, first);
    const std::uint8_t* mid = valid_at(row, first);
    const std::uint8_t* down = valid_at(row + 1, first);
    const std::int64_t cols = last - first;
    std::uint8_t any = 0;
    for (std::int64_t i = 0; i < cols; ++i) {
      const int across =
          up[i - 1] & up[i] & up[i + 1] & mid[i - 1] & mid[i + 1] & down[i - 1] & down[i] & down[i + 1];
      lacking_[i] = static_cast<std::uint8_t>(mid[i] & ~across);
      any = static_cast<std::uint8_t>(any | lacking_[i]);
    }
    if (any == 0) return;
    for (std::int64_t i = 0; i < cols; ++i) {
      if (lacking_[i] != 0) difference_.set(first + i - col, neighbourhood_.at(row, first + i));
    }
  }

  void edge_differences(std::int64_t row, std::int64_t col, std::int64_t begin, std::int64_t end) {
    for (std::int64_t c = begin; c < end; ++c) {
      const bool known = *valid_at(row, c) != 0;
      difference_.set(c - col, known ? neighbourhood_.at(row, c) : Differences{});
    }
  }

  template <typename Operator>
  void from_gradient(std::int64_t cols, float* target, Operator op) const {
    const float* east = difference_.east.data();
    const float* north = difference_.north.data();
    const float x = scale_.per_8x;
    const float y = scale_.per_8y;
#pragma GCC ivdep
    for (std::int64_t i = 0; i < cols; ++i) target[i] = op(east[i] * x, north[i] * y);
  }

  template <typename Operator>
  void from_curvature(std::int64_t cols, float* target, Operator op) const {
    const DifferenceScale s = scale_;
    const float* d = difference_.d.data();
    const float* e = difference_.e.data();
    const float* f = difference_.f.data();
    const float* g = difference_.g.data();
    const float* h = difference_.h.data();
#pragma GCC ivdep
    for (std::int64_t i = 0; i < cols; ++i) {
      target[i] = op(d[i] * s.per_2xx, e[i] * s.per_2yy, f[i] * s.per_4xy, g[i] * s.per_2x, h[i] * s.per_2y);
    }
  }

  void piece_channel(TerrainKind kind,
                     std::int64_t row,
                     std::int64_t col,
                     std::int64_t cols,
                     float* target) const {
    switch (kind) {
      case TerrainKind::elevation:
        std::copy_n(metres_at(row, col), cols, target);
        return;
      case TerrainKind::relative_elevation:
        return;
      case TerrainKind::slope:
        return from_gradient(cols, target,
                             [](float east, float north) { return slope_degrees(east, north); });
      case TerrainKind::aspect:
        return from_gradient(cols, target,
                             [](float east, float north) { return aspect_degrees(east, north); });
      case TerrainKind::northness:
        return from_gradient(cols, target, [](float east, float north) { return downhill(north, east); });
      case TerrainKind::eastness:
        return from_gradient(cols, target, [](float east, float north) { return downhill(east, north); });
      case TerrainKind::gradient_east:
        return from_gradient(cols, target, [](float east, float) { return east; });
      case TerrainKind::gradient_north:
        return from_gradient(cols, target, [](float, float north) { return north; });
      case TerrainKind::profile_curvature:
        return from_curvature(cols, target, [](auto... parts) { return profile_curvature(parts...); });
      case TerrainKind::plan_curvature:
        return from_curvature(cols, target, [](auto... parts) { return plan_curvature(parts...); });
      case TerrainKind::hillshade:
        return from_gradient(cols, target, [](float east, float north) { return hillshade(east, north); });
    }
  }

  const ElevationView& elevation_;
  Window core_;
  std::span<const TerrainChannel> channels_;
  Neighbourhood neighbourhood_;
  DifferenceScale scale_;
  bool needs_differences_ = false;
  bool needs_curvature_ = false;
  std::vector<std::int32_t> quantised_;
  std::vector<RelativeElevation> relative_;
  DifferenceRow difference_;
  std::array<std::uint8_t, kPiecePx> lacking_;
};

void check_sizes(const ElevationView& elevation,
                 const Window& core,
                 std::size_t channels,
                 std::size_t out,
                 std::size_t out_valid) {
  const auto view = static_cast<std::size_t>(elevation.window.pixels());
  const auto pixels = static_cast<std::size_t>(core.pixels());
  const bool sized = elevation.metres.size() == view && elevation.valid.size() == view &&
                     out == channels * pixels && out_valid == pixels;
  if (sized && elevation.window.contains(core) && elevation.pixel_x_m > 0 && elevation.pixel_y_m > 0) return;
  throw Error(
      Fault::bad_argument,
      "terrain cannot be derived for " + std::to_string(core.rows) + " x " + std::to_string(core.cols) +
          " pixels from " + std::to_string(elevation.window.rows) + " x " +
          std::to_string(elevation.window.cols) +
          ": the core must lie inside the elevation, buffers must fit, and the pixel size be above 0");
}

}  // namespace

void derive_terrain(const ElevationView& elevation,
                    const Window& core,
                    std::span<const TerrainChannel> channels,
                    std::span<float> out,
                    std::span<std::uint8_t> out_valid) {
  check_sizes(elevation, core, channels.size(), out.size(), out_valid.size());
  TerrainPass(elevation, core, channels).run(out, out_valid);
}

}  // namespace scarp::geo

// SPDX-License-Identifier: Apache-2.0
#include "geo/elevation_grid.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "geo/bilinear.h"

namespace scarp::geo {
namespace {

constexpr std::int64_t kBlockBytes = ElevationGrid::kBlockPx * ElevationGrid::kBlockPx * 4;
constexpr std::int64_t kLeastKept = (64LL << 20) / kBlockBytes;
constexpr std::int64_t kMostKept = (512LL << 20) / kBlockBytes;
/// DEM pixels that one block may ask for at once. More come only where the map is torn, e.g. at the
/// antimeridian.
constexpr std::int64_t kMostSourcePixels = 4 << 20;
/// Rows beside the grid up to which windows that go down are said to share few.
constexpr std::int64_t kFewRows = 8;
constexpr float kInvalid = std::numeric_limits<float>::quiet_NaN();

std::int64_t block_floor(std::int64_t pixel) {
  constexpr std::int64_t kSide = ElevationGrid::kBlockPx;
  return pixel >= 0 ? pixel / kSide : -((-pixel + kSide - 1) / kSide);
}

Window block_window(std::int64_t block_row, std::int64_t block_col) {
  constexpr std::int64_t kSide = ElevationGrid::kBlockPx;
  return {block_row * kSide, block_col * kSide, kSide, kSide};
}

/// The DEM pixel of the grid's first pixel if every pixel of the grid is exactly one of the DEM's.
std::optional<PixelPoint> whole_pixel_shift(const Grid& grid, const Grid& dem) {
  if (!(grid.crs == dem.crs)) return std::nullopt;
  constexpr double kExactPx = 1e-4;
  const PixelPoint first = dem.pixel_from_map(grid.map_from_pixel({0, 0}));
  const PixelPoint whole = {std::round(first.row), std::round(first.col)};
  const auto rows = static_cast<double>(grid.rows);
  const auto cols = static_cast<double>(grid.cols);
  const PixelPoint last = dem.pixel_from_map(grid.map_from_pixel({rows, cols}));
  const double off = std::max({std::abs(first.row - whole.row), std::abs(first.col - whole.col),
                               std::abs(last.row - whole.row - rows), std::abs(last.col - whole.col - cols)});
  return off <= kExactPx ? std::optional<PixelPoint>(whole) : std::nullopt;
}

/// Extremes of positions that are numbers.
struct Bounds {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void add(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool empty() const { return low > high; }
};

/// Pixels that bilinear samples at positions between `bounds` may touch, at most one beyond a raster of
/// `size` pixels; empty if all positions are outside.
std::pair<std::int64_t, std::int64_t> pixel_range(const Bounds& bounds, std::int64_t size) {
  const double last = static_cast<double>(size) - 1;
  if (bounds.high < -0.5 || bounds.low >= last + 0.5) return {0, 0};
  const auto low = static_cast<std::int64_t>(std::floor(std::clamp(bounds.low, 0.0, last)));
  const auto high = static_cast<std::int64_t>(std::floor(std::clamp(bounds.high, 0.0, last)));
  return {std::max<std::int64_t>(-1, low - 1), std::min(size + 1, high + 3)};
}

}  // namespace

/// A part of the DEM, and one pixel more where it ends, as floats with NaN for what is invalid.
struct ElevationGrid::Piece {
  Window window;
  std::vector<float> metres;
};

ElevationGrid::ElevationGrid(const Grid& grid, std::unique_ptr<RasterSource> dem, std::int64_t margin_px)
    : grid_(grid),
      dem_(std::move(dem)),
      margin_px_(margin_px),
      shift_(whole_pixel_shift(grid, dem_->grid())),
      lattice_(grid, dem_->grid(), -margin_px - kBlockPx, grid.cols + margin_px + kBlockPx),
      kept_blocks_(static_cast<std::size_t>(kLeastKept)) {}

Window ElevationGrid::raster() const {
  if (!shift_) return {};
  return {-static_cast<std::int64_t>(shift_->row), -static_cast<std::int64_t>(shift_->col), dem_->grid().rows,
          dem_->grid().cols};
}

void ElevationGrid::read(const Window& window, std::vector<float>& metres, std::vector<std::uint8_t>& valid) {
  metres.resize(static_cast<std::size_t>(window.pixels()));
  valid.resize(metres.size());
  if (shift_ && margin_px_ <= kFewRows) return read_straight(window, metres, valid);
  make_room(window);
  for (std::int64_t i = block_floor(window.row); i <= block_floor(window.row_end() - 1); ++i) {
    for (std::int64_t j = block_floor(window.col); j <= block_floor(window.col_end() - 1); ++j) {
      const std::vector<float>& source = block(i, j).metres;
      const Window whole = block_window(i, j);
      const Window part = intersection(whole, window);
      for (std::int64_t row = part.row; row < part.row_end(); ++row) {
        const auto target =
            static_cast<std::size_t>((row - window.row) * window.cols + part.col - window.col);
        if (source.empty()) {
          std::fill_n(metres.begin() + static_cast<std::int64_t>(target), part.cols, 0.0F);
          std::fill_n(valid.begin() + static_cast<std::int64_t>(target), part.cols, std::uint8_t{0});
          continue;
        }
        const float* from = source.data() + (row - whole.row) * kBlockPx + part.col - whole.col;
        split_validity(from, part.cols, metres.data() + target, valid.data() + target);
      }
    }
  }
}

/// Where the DEM's pixels are the grid's and windows that go down share a few rows only, blocks would be one
/// copy more.
void ElevationGrid::read_straight(const Window& window,
                                  std::vector<float>& metres,
                                  std::vector<std::uint8_t>& valid) {
  const Window there{window.row + static_cast<std::int64_t>(shift_->row),
                     window.col + static_cast<std::int64_t>(shift_->col), window.rows, window.cols};
  const Window inside = intersection(there, dem_->grid().window());
  const std::array<int, 1> band = {0};
  if (inside == there) return dem_->read(inside, band, metres, valid);
  std::fill(metres.begin(), metres.end(), 0.0F);
  std::fill(valid.begin(), valid.end(), std::uint8_t{0});
  if (inside.empty()) return;
  std::vector<float> values(static_cast<std::size_t>(inside.pixels()));
  std::vector<std::uint8_t> known(values.size());
  dem_->read(inside, band, values, known);
  for (std::int64_t row = 0; row < inside.rows; ++row) {
    const std::int64_t to = (inside.row + row - there.row) * there.cols + inside.col - there.col;
    for (std::int64_t i = 0; i < inside.cols; ++i) {
      const auto from = static_cast<std::size_t>(row * inside.cols + i);
      valid[static_cast<std::size_t>(to + i)] = known[from];
      metres[static_cast<std::size_t>(to + i)] = values[from];
    }
  }
}

/// Room for the blocks of a strip as wide as the grid and as high as this window: windows that go along it
/// and then down find again what they share.
void ElevationGrid::make_room(const Window& window) {
  const std::int64_t rows = window.rows / kBlockPx + 3;
  const std::int64_t cols = (grid_.cols + 2 * margin_px_) / kBlockPx + 2;
  const std::int64_t wanted = std::clamp(rows * cols, kLeastKept, kMostKept);
  kept_blocks_ = std::max(kept_blocks_, static_cast<std::size_t>(wanted));
}

const ElevationGrid::Block& ElevationGrid::block(std::int64_t block_row, std::int64_t block_col) {
  const std::int64_t key = block_row * (std::int64_t{1} << 32) + block_col;
  ++clock_;
  const auto found = blocks_.find(key);
  if (found != blocks_.end()) {
    found->second.last_used = clock_;
    return found->second;
  }
  Block made;
  made.last_used = clock_;
  made.metres.assign(static_cast<std::size_t>(kBlockPx * kBlockPx), kInvalid);
  const Window window = block_window(block_row, block_col);
  fill(window, window, made.metres);
  const bool any =
      std::any_of(made.metres.begin(), made.metres.end(), [](float z) { return !std::isnan(z); });
  if (!any) made.metres = {};
  if (blocks_.size() >= kept_blocks_) {
    const auto oldest = std::min_element(blocks_.begin(), blocks_.end(), [](const auto& a, const auto& b) {
      return a.second.last_used < b.second.last_used;
    });
    blocks_.erase(oldest);
  }
  return blocks_.emplace(key, std::move(made)).first->second;
}

void ElevationGrid::fill(const Window& window, const Window& block, std::vector<float>& metres) {
  if (shift_) {
    fill_by_copy(window, metres);
  } else {
    fill_by_warp(window, block, metres);
  }
}

void ElevationGrid::read_piece(const Window& window, Piece& piece) {
  piece.window = window;
  piece.metres.assign(static_cast<std::size_t>(window.pixels()), kInvalid);
  const Window inside = intersection(window, dem_->grid().window());
  if (inside.empty()) return;
  std::vector<float> values(static_cast<std::size_t>(inside.pixels()));
  std::vector<std::uint8_t> valid(values.size());
  const std::array<int, 1> band = {0};
  dem_->read(inside, band, values, valid);
  for (std::int64_t row = 0; row < inside.rows; ++row) {
    const std::int64_t from = row * inside.cols;
    float* target =
        piece.metres.data() + (inside.row + row - window.row) * window.cols + inside.col - window.col;
    for (std::int64_t i = 0; i < inside.cols; ++i) {
      const auto source = static_cast<std::size_t>(from + i);
      target[i] = valid[source] != 0 ? values[source] : kInvalid;
    }
  }
}

void ElevationGrid::fill_by_copy(const Window& window, std::vector<float>& metres) {
  Piece piece;
  read_piece({window.row + static_cast<std::int64_t>(shift_->row),
              window.col + static_cast<std::int64_t>(shift_->col), window.rows, window.cols},
             piece);
  metres = std::move(piece.metres);
}

void ElevationGrid::fill_by_warp(const Window& window, const Window& block, std::vector<float>& metres) {
  const std::int64_t step = lattice_.step();
  const std::int64_t cell_rows = window.rows / step;
  const std::int64_t cell_cols = window.cols / step;
  std::vector<PositionLattice::Cell> cells;
  std::vector<CellPixels> pixels(static_cast<std::size_t>(cell_rows * cell_cols));
  Bounds rows;
  Bounds cols;
  for (std::int64_t i = 0; i < cell_rows * cell_cols; ++i) {
    const std::int64_t row = window.row / step + i / cell_cols;
    const std::int64_t col = window.col / step + i % cell_cols;
    const PositionLattice::Cell cell = lattice_.cell(row, col);
    CellPixels& exact = pixels[static_cast<std::size_t>(i)];
    if (!cell.linear) lattice_.pixels(row, col, exact.rows, exact.cols);
    for (int corner = 0; cell.linear && corner < 4; ++corner) {
      rows.add(cell.row[corner]);
      cols.add(cell.col[corner]);
    }
    for (const double position : exact.rows) rows.add(position);
    for (const double position : exact.cols) cols.add(position);
    cells.push_back(cell);
  }
  if (rows.empty() || cols.empty()) return;
  const Grid& dem = dem_->grid();
  const auto [row, row_end] = pixel_range(rows, dem.rows);
  const auto [col, col_end] = pixel_range(cols, dem.cols);
  const Window needed{row, col, row_end - row, col_end - col};
  if (needed.empty()) return;
  if (needed.pixels() > kMostSourcePixels && window.rows > step) {
    const std::int64_t half = window.rows / 2;
    for (int part = 0; part < 4; ++part) {
      fill_by_warp({window.row + part / 2 * half, window.col + part % 2 * half, half, half}, block, metres);
    }
    return;
  }
  Piece piece;
  read_piece(needed, piece);
  const BilinearSource source{piece.metres.data(), piece.window, dem.rows, dem.cols};
  for (std::int64_t i = 0; i < cell_rows * cell_cols; ++i) {
    const std::int64_t first_row = window.row - block.row + i / cell_cols * step;
    const std::int64_t first_col = window.col - block.col + i % cell_cols * step;
    float* target = metres.data() + first_row * kBlockPx + first_col;
    const auto index = static_cast<std::size_t>(i);
    if (cells[index].linear) {
      sample_cell(source, cells[index], step, target, kBlockPx);
    } else {
      sample_pixels(source, pixels[index], step, target, kBlockPx);
    }
  }
}

}  // namespace scarp::geo

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "geo/crs.h"
#include "geo/grid.h"
#include "geo/window.h"

namespace scarp::test {

/// A raster drawn in a test: '.' is 0, '1' to '9' the number, '#' 1, '?' 255. Lines are rows; spaces are left
/// out.
struct AsciiRaster {
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::vector<std::uint8_t> pixels;

  std::uint8_t at(std::int64_t row, std::int64_t col) const {
    return pixels[static_cast<std::size_t>(row * cols + col)];
  }
  geo::Window window() const { return {0, 0, rows, cols}; }
  AsciiRaster cropped(const geo::Window& part) const {
    AsciiRaster out{part.rows, part.cols, {}};
    for (std::int64_t row = part.row; row < part.row_end(); ++row) {
      for (std::int64_t col = part.col; col < part.col_end(); ++col) out.pixels.push_back(at(row, col));
    }
    return out;
  }
};

inline std::uint8_t ascii_pixel(char c) {
  if (c == '.') return 0;
  if (c == '#') return 1;
  if (c == '?') return 255;
  if (c >= '1' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  throw std::invalid_argument(std::string("no pixel is drawn as ") + c);
}

inline AsciiRaster ascii_raster(std::string_view drawing) {
  AsciiRaster raster;
  std::int64_t width = 0;
  const auto end_row = [&] {
    if (width == 0) return;
    if (raster.cols != 0 && raster.cols != width) throw std::invalid_argument("rows of different widths");
    raster.cols = width;
    ++raster.rows;
    width = 0;
  };
  for (const char c : drawing) {
    if (c == '\n') {
      end_row();
    } else if (c != ' ') {
      raster.pixels.push_back(ascii_pixel(c));
      ++width;
    }
  }
  end_row();
  return raster;
}

/// Pixels of 10 m, the upper left corner at (500000, 5000000) in UTM zone 32 north: corner (row, col) lies at
/// (500000 + 10 col, 5000000 - 10 row).
inline geo::Grid utm_grid(std::int64_t rows, std::int64_t cols) {
  return {rows, cols, {500000, 10, 0, 5000000, 0, -10}, geo::Crs::from_user_input("EPSG:32632")};
}

/// Pixels of 1 unit without a CRS, rows downwards from y = 0: corner (row, col) lies at (col, -row).
inline geo::Grid plain_grid(std::int64_t rows, std::int64_t cols) {
  return {rows, cols, {0, 1, 0, 0, 0, -1}, {}};
}

}  // namespace scarp::test

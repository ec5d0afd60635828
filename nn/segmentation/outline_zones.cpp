// SPDX-License-Identifier: Apache-2.0
#include "nn/segmentation/outline_zones.h"

#include <algorithm>

namespace scarp::nn {
namespace {

constexpr std::uint8_t kNotLabelled = 255;

/// Marks what lies within `reach` pixels of a pixel, centre to centre.
void mark_around(std::vector<std::uint8_t>& zone, int side, int row, int col, int reach) {
  for (int r = std::max(0, row - reach); r <= std::min(side - 1, row + reach); ++r) {
    for (int c = std::max(0, col - reach); c <= std::min(side - 1, col + reach); ++c) {
      if ((r - row) * (r - row) + (c - col) * (c - col) > reach * reach) continue;
      zone[static_cast<std::size_t>(r) * static_cast<std::size_t>(side) + static_cast<std::size_t>(c)] = 1;
    }
  }
}

bool is_wall(CellKind kind) {
  return kind == CellKind::back_wall || kind == CellKind::side_wall;
}

/// The cells of a window, asked by the place of a pixel.
struct CellMap {
  std::span<const CellKind> cells;
  int across, stride;

  CellKind kind(int row, int col) const { return at(row / stride, col / stride); }
  bool on_toe(int row, int col) const {
    const CellKind own = kind(row, col);
    if (own == CellKind::toe || is_wall(own)) return own == CellKind::toe;
    int toes = 0, walls = 0;
    for (int r = std::max(0, row / stride - 1); r <= std::min(across - 1, row / stride + 1); ++r) {
      for (int c = std::max(0, col / stride - 1); c <= std::min(across - 1, col / stride + 1); ++c) {
        toes += at(r, c) == CellKind::toe;
        walls += is_wall(at(r, c));
      }
    }
    return toes > walls;
  }

 private:
  CellKind at(int row, int col) const {
    const int cell = row * across + col;
    return cells[static_cast<std::size_t>(cell)];
  }
};

}  // namespace

OutlineZones outline_zones(int side,
                           std::span<const std::uint8_t> labels,
                           int landslide_class,
                           std::span<const CellKind> cells,
                           int stride,
                           int tolerance) {
  OutlineZones zones;
  zones.outline.assign(labels.size(), 0);
  zones.walls.assign(labels.size(), 0);
  zones.toes.assign(labels.size(), 0);
  const CellMap map{cells, side / stride, stride};
  const auto label = [&](int row, int col) {
    return labels[static_cast<std::size_t>(row) * static_cast<std::size_t>(side) +
                  static_cast<std::size_t>(col)];
  };
  // From a landslide pixel to the one beside it: the pixels on both sides of the outline are its first two.
  const auto step = [&](int row, int col, int other_row, int other_col) {
    if (other_row < 0 || other_col < 0 || other_row >= side || other_col >= side) return;
    const int other = label(other_row, other_col);
    if (other == kNotLabelled || other == landslide_class) return;
    zones.empty = false;
    for (const auto& [r, c] : {std::pair{row, col}, std::pair{other_row, other_col}}) {
      mark_around(zones.outline, side, r, c, tolerance - 1);
      if (is_wall(map.kind(row, col))) mark_around(zones.walls, side, r, c, tolerance - 1);
      if (map.on_toe(row, col)) mark_around(zones.toes, side, r, c, tolerance - 1);
    }
  };
  for (int row = 0; row < side; ++row) {
    for (int col = 0; col < side; ++col) {
      if (label(row, col) != landslide_class) continue;
      step(row, col, row - 1, col);
      step(row, col, row + 1, col);
      step(row, col, row, col - 1);
      step(row, col, row, col + 1);
    }
  }
  for (std::size_t i = 0; i < zones.toes.size(); ++i)
    zones.toes[i] = static_cast<std::uint8_t>(zones.toes[i] != 0 && zones.walls[i] == 0);
  return zones;
}

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include "pipelines/evaluation/evaluate_error_map.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include <fmt/format.h>

#include "geo/raster_source_gdal.h"
#include "pipelines/error.h"

namespace scarp::pipelines {
namespace {

constexpr Colour kHit = {0, 158, 115};
constexpr Colour kFalseAlarm = {240, 150, 0};
constexpr Colour kMissed = {204, 0, 140};
constexpr Colour kLabelled = {226, 228, 230};
constexpr Colour kOutside = {250, 250, 250};

Colour mixed(const Colour& under, const Colour& over, double share) {
  Colour out;
  for (std::size_t c = 0; c < 3; ++c) {
    out[c] = static_cast<std::uint8_t>(std::lround(under[c] + (over[c] - under[c]) * share));
  }
  return out;
}

}  // namespace

ErrorMap::ErrorMap(const geo::Window& window, int max_side) : window_(window) {
  std::tie(rows_, cols_) = picture_size(window, max_side);
  cells_.resize(static_cast<std::size_t>(rows_) * static_cast<std::size_t>(cols_));
}

void ErrorMap::add(const geo::Window& rows,
                   std::span<const std::uint8_t> prediction,
                   std::span<const std::uint8_t> truth) {
  std::size_t at = 0;
  for (std::int64_t row = rows.row; row < rows.row_end(); ++row) {
    const std::int64_t cell_row = (row - window_.row) * rows_ / window_.rows;
    for (std::int64_t col = 0; col < window_.cols; ++col, ++at) {
      Cell& cell = cells_[static_cast<std::size_t>(cell_row * cols_ + col * cols_ / window_.cols)];
      ++cell.pixels;
      if (truth[at] == 255 || prediction[at] == 255) continue;
      ++cell.labelled;
      cell.hit += prediction[at] != 0 && truth[at] != 0;
      cell.false_alarm += prediction[at] != 0 && truth[at] == 0;
      cell.missed += prediction[at] == 0 && truth[at] != 0;
    }
  }
}

geo::Picture ErrorMap::picture(const geo::Picture* ground) const {
  geo::Picture out = {rows_, cols_, std::vector<std::uint8_t>(cells_.size() * 3)};
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const Cell& cell = cells_[i];
    const double labelled = cell.pixels == 0 ? 0.0 : static_cast<double>(cell.labelled) / cell.pixels;
    Colour under = mixed(kOutside, kLabelled, labelled);
    if (ground != nullptr) {
      const Colour seen = {ground->rgb[3 * i], ground->rgb[3 * i + 1], ground->rgb[3 * i + 2]};
      const auto grey = static_cast<std::uint8_t>((seen[0] * 30 + seen[1] * 59 + seen[2] * 11) / 100);
      under = mixed(mixed({grey, grey, grey}, kOutside, 0.65), {grey, grey, grey}, labelled);
    }
    const int marked = cell.hit + cell.false_alarm + cell.missed;
    if (marked > 0) {
      Colour colour = mixed(kHit, kFalseAlarm,
                            cell.hit + cell.false_alarm == 0
                                ? 0.0
                                : static_cast<double>(cell.false_alarm) / (cell.hit + cell.false_alarm));
      colour = mixed(colour, kMissed, static_cast<double>(cell.missed) / marked);
      under = mixed(under, colour, (ground != nullptr ? 0.65 : 1.0) * marked / cell.labelled);
    }
    std::copy(under.begin(), under.end(), out.rgb.begin() + static_cast<std::ptrdiff_t>(3 * i));
  }
  return out;
}

std::vector<LegendEntry> ErrorMap::legend(bool with_ground) {
  std::vector<LegendEntry> entries = {{"hit: landslide in map and labels", kHit},
                                      {"false alarm: only in the map", kFalseAlarm},
                                      {"missed: only in the labels", kMissed}};
  if (!with_ground) {
    entries.push_back({"background in both", kLabelled});
    entries.push_back({"not compared", kOutside});
  }
  return entries;
}

geo::Picture render_ground(const std::string& path,
                           const geo::Grid& grid,
                           const geo::Window& window,
                           int rows,
                           int cols) {
  const auto source = geo::open_raster(path);
  if (!(source->grid().crs == grid.crs)) {
    throw Error(Fault::contradiction, fmt::format("{} is in {} and the map is compared in {}", path,
                                                  source->grid().crs.name(), grid.crs.name()));
  }
  const auto corner = [&](std::int64_t row, std::int64_t col) {
    return grid.map_from_pixel({static_cast<double>(row), static_cast<double>(col)});
  };
  const geo::MapPoint a = corner(window.row, window.col);
  const geo::MapPoint b = corner(window.row_end(), window.col_end());
  const geo::Window ground = geo::window_of_box(source->grid(), std::min(a.x, b.x), std::min(a.y, b.y),
                                                std::max(a.x, b.x), std::max(a.y, b.y));
  if (geo::intersection(ground, source->grid().window()).empty()) {
    throw Error(Fault::contradiction, path + " shares no ground with the map");
  }
  const bool elevation = source->bands().size() == 1 && source->bands()[0].type != geo::PixelType::u8;
  const int side = std::max(rows, cols);
  return resized(elevation ? render_hillshade(*source, ground, side) : render_optical(*source, ground, side),
                 rows, cols);
}

}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <tuple>

#include <fmt/format.h>

#include "geo/error.h"
#include "geo/terrain.h"
#include "pipelines/pages/map_picture.h"

namespace scarp::pipelines {
namespace {

/// Bands averaged down to the size of a picture.
struct Averages {
  int rows = 0;
  int cols = 0;
  std::vector<float> values;        ///< [bands, rows, cols]
  std::vector<std::uint8_t> valid;  ///< [rows, cols]: at least one pixel under it holds data
};

/// Rows or columns [first, second) of a window that a pixel of the picture covers.
std::pair<std::int64_t, std::int64_t> covered(int index, int pixels, std::int64_t length) {
  const std::int64_t first = index * length / pixels;
  return {first, std::max(first + 1, (index + 1) * length / pixels)};
}

/// Averages one row of the picture. `values` and `valid` hold source rows, from column `left` of the window
/// on.
void average_row(const Averages& shape,
                 std::span<const float> values,
                 std::span<const std::uint8_t> valid,
                 const geo::Window& strip,
                 const geo::Window& window,
                 std::size_t bands,
                 int row,
                 Averages& out) {
  for (int col = 0; col < shape.cols; ++col) {
    const auto [first, last] = covered(col, shape.cols, window.cols);
    const std::int64_t from = std::max(window.col + first, strip.col) - strip.col;
    const std::int64_t to = std::min(window.col + last, strip.col_end()) - strip.col;
    std::array<double, 3> sums{};
    std::int64_t pixels = 0;
    for (std::int64_t r = 0; r < strip.rows; ++r) {
      for (std::int64_t c = from; c < to; ++c) {
        const auto at = static_cast<std::size_t>(r * strip.cols + c);
        if (valid[at] == 0) continue;
        ++pixels;
        for (std::size_t b = 0; b < bands; ++b)
          sums[b] += values[b * static_cast<std::size_t>(strip.pixels()) + at];
      }
    }
    if (pixels == 0) continue;
    const auto at =
        static_cast<std::size_t>(row) * static_cast<std::size_t>(shape.cols) + static_cast<std::size_t>(col);
    out.valid[at] = 1;
    for (std::size_t b = 0; b < bands; ++b) {
      out.values[b * out.valid.size() + at] = static_cast<float>(sums[b] / static_cast<double>(pixels));
    }
  }
}

Averages average_down(geo::RasterSource& source,
                      const geo::Window& window,
                      int max_side,
                      std::span<const int> bands) {
  Averages out;
  std::tie(out.rows, out.cols) = picture_size(window, max_side);
  const std::size_t pixels = static_cast<std::size_t>(out.rows) * static_cast<std::size_t>(out.cols);
  out.values.assign(bands.size() * pixels, 0.0F);
  out.valid.assign(pixels, 0);
  std::vector<float> values;
  std::vector<std::uint8_t> valid;
  for (int row = 0; row < out.rows; ++row) {
    const auto [first, last] = covered(row, out.rows, window.rows);
    const geo::Window strip = geo::intersection({window.row + first, window.col, last - first, window.cols},
                                                source.grid().window());
    if (strip.empty()) continue;
    values.resize(bands.size() * static_cast<std::size_t>(strip.pixels()));
    valid.resize(static_cast<std::size_t>(strip.pixels()));
    source.read(strip, bands, values, valid);
    average_row(out, values, valid, strip, window, bands.size(), row, out);
  }
  return out;
}

/// Value at a share (0..1) of the sorted values; the vector is reordered.
float value_at_share(std::vector<float>& values, double share) {
  const auto at = static_cast<std::ptrdiff_t>(std::lround(share * static_cast<double>(values.size() - 1)));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

/// 2nd and 98th percentile of the valid values of one band.
std::pair<float, float> stretch_of(std::span<const float> band, std::span<const std::uint8_t> valid) {
  std::vector<float> values;
  for (std::size_t i = 0; i < band.size(); ++i) {
    if (valid[i] != 0) values.push_back(band[i]);
  }
  if (values.empty()) return {0.0F, 1.0F};
  const float low = value_at_share(values, 0.02);
  return {low, value_at_share(values, 0.98)};
}

geo::Picture checker_picture(int rows, int cols) {
  geo::Picture picture = {rows, cols, {}};
  picture.rgb.reserve(static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols) * 3);
  for (int row = 0; row < rows; ++row) {
    for (int col = 0; col < cols; ++col) {
      picture.rgb.insert(picture.rgb.end(), 3, (row / 8 + col / 8) % 2 == 0 ? 244 : 232);
    }
  }
  return picture;
}

/// Grey or colour from averaged bands; a constant band becomes middle grey.
geo::Picture stretched_picture(const Averages& averages, std::size_t bands) {
  geo::Picture picture = checker_picture(averages.rows, averages.cols);
  const std::size_t pixels = averages.valid.size();
  for (std::size_t c = 0; c < 3; ++c) {
    const std::span<const float> band(averages.values.data() + (bands == 3 ? c : 0) * pixels, pixels);
    const auto [low, high] = stretch_of(band, averages.valid);
    for (std::size_t i = 0; i < pixels; ++i) {
      if (averages.valid[i] == 0) continue;
      const float share = high > low ? std::clamp((band[i] - low) / (high - low), 0.0F, 1.0F) : 0.5F;
      picture.rgb[3 * i + c] = static_cast<std::uint8_t>(std::lround(255 * share));
    }
  }
  return picture;
}

void require_bands(const geo::RasterSource& source, std::span<const int> bands) {
  for (const int band : bands) {
    if (band >= 0 && band < static_cast<int>(source.bands().size())) continue;
    throw geo::Error(geo::Fault::wrong_bands,
                     fmt::format("a picture of {} needs band {}, the raster has {}: choose other bands",
                                 source.name(), band + 1, source.bands().size()));
  }
}

/// Factor on heights that brings the 90th percentile of the steepness to about 30 degrees, never below 1, at
/// most 20.
float exaggeration(std::span<const float> slopes_deg, std::span<const std::uint8_t> valid) {
  std::vector<float> steep;
  for (std::size_t i = 0; i < slopes_deg.size(); ++i) {
    if (valid[i] != 0) steep.push_back(slopes_deg[i]);
  }
  if (steep.empty()) return 1.0F;
  constexpr float kDegree = 3.14159265F / 180.0F;
  const float tangent = std::tan(std::min(value_at_share(steep, 0.9), 89.0F) * kDegree);
  return tangent > 0 ? std::clamp(std::tan(30.0F * kDegree) / tangent, 1.0F, 20.0F) : 1.0F;
}

}  // namespace

geo::Picture render_optical(geo::RasterSource& source,
                            const geo::Window& window,
                            int max_side,
                            std::vector<int> bands) {
  if (bands.empty()) bands = source.bands().size() >= 3 ? std::vector<int>{0, 1, 2} : std::vector<int>{0};
  bands.resize(bands.size() >= 3 ? 3 : 1);
  require_bands(source, bands);
  return stretched_picture(average_down(source, window, max_side, bands), bands.size());
}

geo::Picture render_hillshade(geo::RasterSource& dem, const geo::Window& window, int max_side) {
  const std::array<int, 1> first_band = {0};
  require_bands(dem, first_band);
  Averages heights = average_down(dem, window, max_side, first_band);
  const geo::Window all = {0, 0, heights.rows, heights.cols};
  const geo::Grid::PixelSize size = dem.grid().pixel_size();
  geo::ElevationView view = {all, heights.values, heights.valid,
                             size.x_m * static_cast<double>(window.cols) / heights.cols,
                             size.y_m * static_cast<double>(window.rows) / heights.rows};
  std::vector<float> derived(heights.values.size());
  std::vector<std::uint8_t> valid(heights.valid.size());
  const std::array<geo::TerrainChannel, 1> slope = {{{geo::TerrainKind::slope, 0}}};
  geo::derive_terrain(view, all, slope, derived, valid);
  const float factor = exaggeration(derived, valid);
  for (float& height : heights.values) height *= factor;
  const std::array<geo::TerrainChannel, 1> hillshade = {{{geo::TerrainKind::hillshade, 0}}};
  geo::derive_terrain(view, all, hillshade, derived, valid);
  geo::Picture picture = checker_picture(heights.rows, heights.cols);
  for (std::size_t i = 0; i < valid.size(); ++i) {
    if (valid[i] == 0) continue;
    const float grey = std::clamp(derived[i], 0.0F, 255.0F);
    std::fill_n(picture.rgb.begin() + static_cast<std::ptrdiff_t>(3 * i), 3,
                static_cast<std::uint8_t>(std::lround(grey)));
  }
  return picture;
}

}  // namespace scarp::pipelines

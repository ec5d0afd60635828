// SPDX-License-Identifier: Apache-2.0
#include "pipelines/cli/raster_report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include <nlohmann/json.hpp>

namespace scarp::cli {

namespace {

using Json = nlohmann::ordered_json;

/// The share of nodata is taken from at most kSamples x kSamples windows of kSampleSide pixels: a few
/// megabytes of the largest scene, and every pixel of a small one.
constexpr std::int64_t kSamples = 6;
constexpr std::int64_t kSampleSide = 128;
/// Coverage is counted on kCoverage x kCoverage points of the image.
constexpr int kCoverage = 101;
/// Two grids are one if no corner is farther than this apart, in pixels.
constexpr double kSamePixels = 1e-3;

struct Stretch {
  std::int64_t start = 0;
  std::int64_t size = 0;
};

/// The middles of equal parts of an axis; the parts themselves where they are small.
std::vector<Stretch> sampled_stretches(std::int64_t size) {
  const std::int64_t parts = std::clamp<std::int64_t>((size + kSampleSide - 1) / kSampleSide, 1, kSamples);
  std::vector<Stretch> stretches;
  for (std::int64_t i = 0; i < parts; ++i) {
    const std::int64_t begin = i * size / parts;
    const std::int64_t part = (i + 1) * size / parts - begin;
    const std::int64_t taken = std::min(part, kSampleSide);
    stretches.push_back({begin + (part - taken) / 2, taken});
  }
  return stretches;
}

double nodata_share(geo::RasterSource& raster) {
  std::vector<int> bands(raster.bands().size());
  std::iota(bands.begin(), bands.end(), 0);
  std::int64_t pixels = 0;
  std::int64_t valid_pixels = 0;
  std::vector<float> values;
  std::vector<std::uint8_t> valid;
  const geo::Grid& grid = raster.grid();
  for (const Stretch& down : sampled_stretches(grid.rows)) {
    for (const Stretch& across : sampled_stretches(grid.cols)) {
      const geo::Window window = {down.start, across.start, down.size, across.size};
      values.resize(bands.size() * window.pixels());
      valid.resize(window.pixels());
      raster.read(window, bands, values, valid);
      pixels += window.pixels();
      valid_pixels += std::count_if(valid.begin(), valid.end(), [](std::uint8_t each) { return each != 0; });
    }
  }
  return 1.0 - static_cast<double>(valid_pixels) / static_cast<double>(std::max<std::int64_t>(1, pixels));
}

Json extent(const geo::Grid& grid) {
  std::array<double, 4> x;
  std::array<double, 4> y;
  for (int corner = 0; corner < 4; ++corner) {
    const geo::MapPoint point = grid.map_from_pixel({corner / 2 ? static_cast<double>(grid.rows) : 0.0,
                                                     corner % 2 ? static_cast<double>(grid.cols) : 0.0});
    x[corner] = point.x;
    y[corner] = point.y;
  }
  return {*std::min_element(x.begin(), x.end()), *std::min_element(y.begin(), y.end()),
          *std::max_element(x.begin(), x.end()), *std::max_element(y.begin(), y.end())};
}

Json crs_json(const geo::Crs& crs) {
  const std::string code = crs.authority_code();
  return {{"name", crs.name()},
          {"code", code.empty() ? Json(nullptr) : Json(code)},
          {"geographic", crs.known() && crs.geographic()}};
}

/// Points of the image that fall inside the DEM.
double covered_share(const geo::Grid& optical, const geo::Grid& dem) {
  std::vector<double> x;
  std::vector<double> y;
  for (int i = 0; i < kCoverage * kCoverage; ++i) {
    const int down = i / kCoverage, across = i % kCoverage;
    const geo::MapPoint point =
        optical.map_from_pixel({(down + 0.5) * static_cast<double>(optical.rows) / kCoverage,
                                (across + 0.5) * static_cast<double>(optical.cols) / kCoverage});
    x.push_back(point.x);
    y.push_back(point.y);
  }
  geo::MapTransform(optical.crs, dem.crs).apply(x, y);
  int inside = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const geo::PixelPoint pixel = dem.pixel_from_map({x[i], y[i]});  // NaN compares false
    inside += pixel.row >= 0 && pixel.col >= 0 && pixel.row < static_cast<double>(dem.rows) &&
              pixel.col < static_cast<double>(dem.cols);
  }
  return static_cast<double>(inside) / static_cast<double>(x.size());
}

bool near(double a, double b, double tolerance) {
  return std::abs(a - b) <= tolerance;
}

}  // namespace

Json raster_report(geo::RasterSource& raster) {
  const geo::Grid& grid = raster.grid();
  const auto& g = grid.geotransform;
  Json bands = Json::array();
  for (const geo::BandInfo& band : raster.bands()) {
    bands.push_back(
        {{"type", geo::to_string(band.type)},
         {"name", band.description},
         {"nodata", band.nodata && std::isfinite(*band.nodata) ? Json(*band.nodata) : Json(nullptr)}});
  }
  const bool metric = grid.crs.known() && grid.north_up();
  const geo::Grid::PixelSize size = metric ? grid.pixel_size() : geo::Grid::PixelSize{};
  return {{"path", raster.name()},
          {"rows", grid.rows},
          {"cols", grid.cols},
          {"crs", crs_json(grid.crs)},
          {"pixel", {std::hypot(g[1], g[4]), std::hypot(g[2], g[5])}},
          {"pixel_m", metric ? Json{size.x_m, size.y_m} : Json(nullptr)},
          {"north_up", grid.north_up()},
          {"extent", extent(grid)},
          {"bands", bands},
          {"nodata_share", nodata_share(raster)}};
}

Json alignment_report(const geo::Grid& optical, const geo::Grid& dem) {
  const auto& a = optical.geotransform;
  const auto& b = dem.geotransform;
  const double pixel = std::abs(a[1]);
  const double longest = static_cast<double>(std::max({optical.rows, optical.cols, dem.rows, dem.cols}));
  const bool same_crs = optical.crs == dem.crs;
  bool same_pixels = same_crs;
  for (const int i : {1, 2, 4, 5})
    same_pixels = same_pixels && near(a[i], b[i], kSamePixels * pixel / longest);
  const geo::PixelPoint corner = optical.pixel_from_map(dem.map_from_pixel({0, 0}));
  const bool same_corner = near(corner.row, 0, kSamePixels) && near(corner.col, 0, kSamePixels);
  const bool same_size = optical.rows == dem.rows && optical.cols == dem.cols;
  return {{"same_crs", same_crs},
          {"same_pixel_size", same_pixels},
          {"same_grid", same_pixels && same_corner && same_size},
          {"offset_px", same_pixels ? Json{{"row", corner.row}, {"col", corner.col}} : Json(nullptr)},
          {"covered_share", covered_share(optical, dem)}};
}

}  // namespace scarp::cli

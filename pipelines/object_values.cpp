// SPDX-License-Identifier: Apache-2.0
#include "pipelines/object_values.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "geo/raster_checks.h"
#include "geo/raster_source_gdal.h"
#include "pipelines/error.h"
#include "pipelines/vector/object_shape.h"

namespace scarp::pipelines {
namespace {

constexpr std::int64_t kPixelsAtOnce = std::int64_t{1} << 20;
constexpr float kSteps = 254;
constexpr std::uint8_t kUnknown = 255;

void require_same_grid(const geo::RasterSource& confidence, const geo::Grid& grid) {
  const geo::Grid& other = confidence.grid();
  if (other.rows == grid.rows && other.cols == grid.cols && other.geotransform == grid.geotransform) return;
  throw Error(
      Fault::contradiction,
      fmt::format(
          "{} has {} x {} pixels and lies elsewhere or has other pixels than the class raster of {} x "
          "{}: bring it to the same grid with gdalwarp",
          confidence.name(), other.rows, other.cols, grid.rows, grid.cols));
}

}  // namespace

ObjectValues::ObjectValues(const std::string& raster,
                           int band,
                           const std::string& dem,
                           const std::string& confidence) {
  auto classes = geo::open_raster(raster);
  grid_ = classes->grid();
  if (!confidence.empty()) {
    confidence_ = geo::open_raster(confidence);
    require_same_grid(*confidence_, grid_);
    confidence_in_steps_ = confidence_->bands().at(0).type == geo::PixelType::u8;
  }
  if (dem.empty()) return;
  geo::require_mappable(grid_, raster);
  geo::StackOptions channels;
  channels.optical_bands = {band - 1};
  channels.terrain = {{geo::TerrainKind::elevation},
                      {geo::TerrainKind::slope},
                      {geo::TerrainKind::gradient_east},
                      {geo::TerrainKind::gradient_north}};
  stack_ = std::make_unique<geo::AlignedStack>(std::move(classes), geo::open_raster(dem), channels);
}

void ObjectValues::read_rows(const geo::Window& window) {
  if (stack_) stack_->read(window, tile_);
  if (!confidence_) return;
  const auto pixels = static_cast<std::size_t>(window.pixels());
  confidence_values_.resize(pixels);
  confidence_valid_.resize(pixels);
  confidence_steps_.resize(pixels);
  const int band = 0;
  confidence_->read(window, {&band, 1}, confidence_values_, confidence_valid_);
  const float scale = confidence_in_steps_ ? 1 : kSteps;
  for (std::size_t i = 0; i < pixels; ++i) {
    const float steps = std::nearbyint(confidence_values_[i] * scale);
    const bool good = confidence_valid_[i] != 0 && steps >= 0 && steps <= kSteps;
    confidence_steps_[i] = good ? static_cast<std::uint8_t>(steps) : kUnknown;
  }
}

vector::PixelRow ObjectValues::row_of(const geo::Window& window, std::int64_t row) const {
  const auto cols = static_cast<std::size_t>(window.cols);
  const auto plane = static_cast<std::size_t>(window.pixels());
  const auto begin = static_cast<std::size_t>(row - window.row) * cols;
  vector::PixelRow pixels;
  if (confidence_) pixels.confidence = std::span(confidence_steps_).subspan(begin, cols);
  if (!stack_) return pixels;
  const std::span<const float> terrain(tile_.terrain);
  pixels.elevation_m = terrain.subspan(begin, cols);
  pixels.slope_deg = terrain.subspan(plane + begin, cols);
  pixels.gradient_east = terrain.subspan(2 * plane + begin, cols);
  pixels.gradient_north = terrain.subspan(3 * plane + begin, cols);
  pixels.terrain_valid = std::span(tile_.terrain_valid).subspan(begin, cols);
  return pixels;
}

void ObjectValues::measure(const vector::TracedObject& object, vector::ObjectAttributes& attributes) {
  if (!known()) return;
  const geo::Window& window = object.window;
  const std::int64_t rows = std::max<std::int64_t>(1, kPixelsAtOnce / window.cols);
  vector::PixelSums sums;
  for (std::int64_t row = window.row; row < window.row_end(); row += rows) {
    const geo::Window part{row, window.col, std::min(rows, window.row_end() - row), window.cols};
    read_rows(part);
    vector::for_each_run(object, part.row, part.rows,
                         [&](std::int64_t at, std::int64_t begin, std::int64_t end) {
                           sums.add_run(row_of(part, at), static_cast<std::size_t>(begin - part.col),
                                        static_cast<std::size_t>(end - part.col));
                         });
  }
  std::vector<geo::PixelPoint> corners;
  corners.reserve(object.corners.size());
  for (const vector::Corner& corner : object.corners) {
    corners.push_back({static_cast<double>(corner.row), static_cast<double>(corner.col)});
  }
  vector::set_pixel_attributes(sums, corners, grid_.cropped(window).pixel_size(), attributes);
}

}  // namespace scarp::pipelines

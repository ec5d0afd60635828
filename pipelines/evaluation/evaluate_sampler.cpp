// SPDX-License-Identifier: Apache-2.0
#include "pipelines/evaluation/evaluate_sampler.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "geo/feature_file_gdal.h"
#include "pipelines/error.h"

namespace scarp::pipelines {
namespace {

constexpr std::array<int, 1> kFirstBand = {0};
constexpr std::uint8_t kUnknownClass = 255;

geo::Window shared_window(const geo::Grid& source, const geo::Grid& target, const geo::Window& window) {
  double low_row = INFINITY, high_row = -INFINITY, low_col = INFINITY, high_col = -INFINITY;
  for (const std::int64_t row : {window.row, window.row_end()}) {
    for (const std::int64_t col : {window.col, window.col_end()}) {
      const geo::PixelPoint p =
          source.pixel_from_map(target.map_from_pixel({static_cast<double>(row), static_cast<double>(col)}));
      low_row = std::min(low_row, p.row);
      high_row = std::max(high_row, p.row);
      low_col = std::min(low_col, p.col);
      high_col = std::max(high_col, p.col);
    }
  }
  const auto clipped = [](double value, std::int64_t end) {
    return static_cast<std::int64_t>(std::clamp(value, -1.0, static_cast<double>(end) + 1));
  };
  const std::int64_t row = clipped(std::floor(low_row), source.rows);
  const std::int64_t col = clipped(std::floor(low_col), source.cols);
  return geo::intersection({row, col, clipped(std::ceil(high_row), source.rows) - row,
                            clipped(std::ceil(high_col), source.cols) - col},
                           source.window());
}

bool same_pixels(const geo::Grid& a, const geo::Grid& b) {
  if (a.rows != b.rows || a.cols != b.cols) return false;
  const geo::PixelPoint first = a.pixel_from_map(b.map_from_pixel({0, 0}));
  const auto rows = static_cast<double>(b.rows);
  const auto cols = static_cast<double>(b.cols);
  const geo::PixelPoint last = a.pixel_from_map(b.map_from_pixel({rows, cols}));
  const geo::PixelPoint corner = a.pixel_from_map(b.map_from_pixel({0, cols}));
  const std::array<double, 6> off = {first.row,       first.col,  last.row - rows,
                                     last.col - cols, corner.row, corner.col - cols};
  return std::all_of(off.begin(), off.end(), [](double pixels) { return std::abs(pixels) < 0.01; });
}

class RasterClasses final : public ClassReader {
 public:
  RasterClasses(std::unique_ptr<geo::RasterSource> source, const geo::Grid& grid, RasterRole role)
      : sampler_(std::move(source), grid), role_(role) {}

  std::vector<std::uint8_t> read(const geo::Window& window) override {
    sampler_.read(window, values_, valid_);
    std::vector<std::uint8_t> ids(values_.size(), kUnknownClass);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (valid_[i] != 0) ids[i] = id_of(values_[i]);
    }
    return ids;
  }

 private:
  std::uint8_t id_of(float value) const {
    const float highest = role_ == RasterRole::labels ? 255.0F : 254.0F;
    if (value >= 0 && value <= highest && value == std::floor(value)) return static_cast<std::uint8_t>(value);
    throw Error(
        Fault::contradiction,
        fmt::format("{} holds the value {}, which is no class id (0 background, 1 to 254 classes{}): give a "
                    "class raster; declare "
                    "what means no data with gdal_edit.py -a_nodata, and write landslides as 1",
                    sampler_.source().name(), value, role_ == RasterRole::labels ? ", 255 unknown" : ""));
  }

  GridSampler sampler_;
  RasterRole role_;
  std::vector<float> values_;
  std::vector<std::uint8_t> valid_;
};

class PolygonClasses final : public ClassReader {
 public:
  PolygonClasses(geo::FeatureLayer layer, const geo::Grid& grid) : layer_(std::move(layer)), grid_(grid) {
    for (const geo::Feature& feature : layer_.features) {
      if (feature.class_id >= 1 && feature.class_id <= 254) continue;
      throw Error(Fault::contradiction,
                  fmt::format("layer {} has a polygon with class_id {}: class ids of polygons are 1 to 254",
                              layer_.name, feature.class_id));
    }
  }
  std::vector<std::uint8_t> read(const geo::Window& window) override {
    return geo::burn(layer_, grid_, window, 0);
  }

 private:
  geo::FeatureLayer layer_;
  geo::Grid grid_;
};

class MaskedClasses final : public ClassReader {
 public:
  MaskedClasses(std::unique_ptr<ClassReader> classes, geo::FeatureLayer area, const geo::Grid& grid)
      : classes_(std::move(classes)), area_(std::move(area)), grid_(grid) {
    for (geo::Feature& feature : area_.features) feature.class_id = 1;
  }
  std::vector<std::uint8_t> read(const geo::Window& window) override {
    std::vector<std::uint8_t> ids = classes_->read(window);
    const std::vector<std::uint8_t> inside = geo::burn(area_, grid_, window, 0);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (inside[i] == 0) ids[i] = kUnknownClass;
    }
    return ids;
  }

 private:
  std::unique_ptr<ClassReader> classes_;
  geo::FeatureLayer area_;
  geo::Grid grid_;
};

}  // namespace

GridSampler::GridSampler(std::unique_ptr<geo::RasterSource> source, const geo::Grid& target)
    : source_(std::move(source)), target_(target) {
  const geo::Grid& own = source_->grid();
  if (!(own.crs == target_.crs)) {
    throw Error(
        Fault::contradiction,
        fmt::format("{} is in {} and the map is compared in {}: bring one to the other with gdalwarp -r near",
                    source_->name(), own.crs.name(), target_.crs.name()));
  }
  same_grid_ = same_pixels(own, target_);
  if (shared_window(own, target_, target_.window()).empty()) {
    throw Error(
        Fault::contradiction,
        source_->name() +
            " shares no ground with the map that it is compared with: check that both are of the same place");
  }
}

void GridSampler::read(const geo::Window& window,
                       std::vector<float>& values,
                       std::vector<std::uint8_t>& valid) {
  const auto pixels = static_cast<std::size_t>(window.pixels());
  values.assign(pixels, 0.0F);
  valid.assign(pixels, 0);
  if (same_grid_ && target_.window().contains(window)) {
    source_->read(window, kFirstBand, values, valid);
  } else {
    read_resampled(window, values, valid);
  }
}

void GridSampler::read_resampled(const geo::Window& window,
                                 std::vector<float>& values,
                                 std::vector<std::uint8_t>& valid) {
  const geo::Grid& own = source_->grid();
  const geo::Window part = shared_window(own, target_, window);
  if (part.empty()) return;
  source_values_.resize(static_cast<std::size_t>(part.pixels()));
  source_valid_.resize(static_cast<std::size_t>(part.pixels()));
  source_->read(part, kFirstBand, source_values_, source_valid_);
  std::size_t at = 0;
  for (std::int64_t row = window.row; row < window.row_end(); ++row) {
    for (std::int64_t col = window.col; col < window.col_end(); ++col, ++at) {
      const geo::PixelPoint p = own.pixel_from_map(
          target_.map_from_pixel({static_cast<double>(row) + 0.5, static_cast<double>(col) + 0.5}));
      const auto from_row = static_cast<std::int64_t>(std::floor(p.row)) - part.row;
      const auto from_col = static_cast<std::int64_t>(std::floor(p.col)) - part.col;
      if (from_row < 0 || from_col < 0 || from_row >= part.rows || from_col >= part.cols) continue;
      const auto from = static_cast<std::size_t>(from_row * part.cols + from_col);
      values[at] = source_values_[from];
      valid[at] = source_valid_[from];
    }
  }
}

std::unique_ptr<ClassReader> make_raster_classes(std::unique_ptr<geo::RasterSource> source,
                                                 const geo::Grid& grid,
                                                 RasterRole role) {
  return std::make_unique<RasterClasses>(std::move(source), grid, role);
}

std::unique_ptr<ClassReader> make_polygon_classes(geo::FeatureLayer layer, const geo::Grid& grid) {
  return std::make_unique<PolygonClasses>(std::move(layer), grid);
}

std::unique_ptr<ClassReader> make_masked_classes(std::unique_ptr<ClassReader> classes,
                                                 geo::FeatureLayer area,
                                                 const geo::Grid& grid) {
  return std::make_unique<MaskedClasses>(std::move(classes), std::move(area), grid);
}

}  // namespace scarp::pipelines

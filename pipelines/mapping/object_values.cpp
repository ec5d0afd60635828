// SPDX-License-Identifier: Apache-2.0
#include "pipelines/mapping/object_values.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "geo/raster_checks.h"
#include "geo/raster_source_gdal.h"
#include "pipelines/error.h"

namespace scarp::pipelines {
namespace {

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

/// The values of a band of rows.
class ObjectValues::Band final : public vector::BandValues {
 public:
  void read(ObjectValues& from, std::int64_t first_row, std::int64_t rows) {
    stack_ = from.stack_.get();
    window_ = {first_row, 0, rows, from.grid_.cols};
    if (stack_ != nullptr) from.stack_->read_elevation(window_, elevation_);
    read_confidence(from);
  }

  void add_run(std::int64_t row, std::int32_t begin, std::int32_t end, vector::PixelSums& sums) override {
    const auto count = static_cast<std::size_t>(end - begin);
    const auto first = static_cast<std::size_t>((row - window_.row) * window_.cols + begin);
    vector::PixelRow known;
    if (steps_known_) known.confidence = std::span<const std::uint8_t>(steps_).subspan(first, count);
    if (!confidence_.empty()) known.confidence = confidence_in_steps(first, count);
    if (stack_ != nullptr) {
      stack_->derive(elevation_, {row, begin, 1, end - begin}, terrain_);
      const std::span<const float> planes(terrain_.terrain);
      known.elevation_m = planes.subspan(0, count);
      known.slope_deg = planes.subspan(count, count);
      known.gradient_east = planes.subspan(2 * count, count);
      known.gradient_north = planes.subspan(3 * count, count);
      known.terrain_valid = terrain_.valid;
    }
    sums.add_run(known, 0, count);
  }

 private:
  void read_confidence(ObjectValues& from) {
    const auto pixels = static_cast<std::size_t>(window_.pixels());
    steps_known_ = from.steps_.has_value();
    if (from.steps_) {
      steps_.resize(pixels);
      from.steps_->read(window_.row, window_.rows, steps_.data());
      const auto nodata = from.steps_->nodata();
      if (nodata && *nodata >= 0 && *nodata < kUnknown) {
        std::replace(steps_.begin(), steps_.end(), static_cast<std::uint8_t>(*nodata), kUnknown);
      }
    }
    if (!from.confidence_) return;
    scale_ = from.confidence_->bands().at(0).type == geo::PixelType::u8 ? 1 : kSteps;
    confidence_.resize(pixels);
    confidence_valid_.resize(pixels);
    const int band = 0;
    from.confidence_->read(window_, {&band, 1}, confidence_, confidence_valid_);
  }

  std::span<const std::uint8_t> confidence_in_steps(std::size_t first, std::size_t count) {
    steps_.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      const float steps = std::nearbyint(confidence_[first + i] * scale_);
      const bool good = confidence_valid_[first + i] != 0 && steps >= 0 && steps <= kSteps;
      steps_[i] = good ? static_cast<std::uint8_t>(steps) : kUnknown;
    }
    return steps_;
  }

  const geo::AlignedStack* stack_ = nullptr;
  geo::Window window_;
  geo::StackElevation elevation_;
  geo::StackTerrain terrain_;
  bool steps_known_ = false;
  std::vector<std::uint8_t> steps_;  ///< of the band, or of a run where confidence comes in other numbers
  std::vector<float> confidence_;
  std::vector<std::uint8_t> confidence_valid_;
  float scale_ = 1;
};

ObjectValues::ObjectValues(const std::string& raster, const std::string& dem, const std::string& confidence) {
  if (dem.empty() && confidence.empty()) return;
  auto classes = geo::open_raster(raster);
  grid_ = classes->grid();
  if (!confidence.empty()) {
    confidence_ = geo::open_raster(confidence);
    require_same_grid(*confidence_, grid_);
    if (confidence_->bands().at(0).type == geo::PixelType::u8) steps_.emplace(confidence, 1);
    if (steps_ && steps_->masked()) steps_.reset();
    if (steps_) confidence_.reset();
  }
  if (dem.empty()) return;
  geo::require_mappable(grid_, raster);
  geo::StackOptions channels;
  channels.terrain = {{geo::TerrainKind::elevation},
                      {geo::TerrainKind::slope},
                      {geo::TerrainKind::gradient_east},
                      {geo::TerrainKind::gradient_north}};
  stack_ = std::make_unique<geo::AlignedStack>(std::move(classes), geo::open_raster(dem), channels);
}

std::shared_ptr<vector::BandValues> ObjectValues::read(std::int64_t first_row, std::int64_t rows) {
  const std::shared_ptr<Band> band = spare_.take();
  band->read(*this, first_row, rows);
  return band;
}

}  // namespace scarp::pipelines

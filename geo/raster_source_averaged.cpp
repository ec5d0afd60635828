// SPDX-License-Identifier: Apache-2.0
#include "geo/raster_source_averaged.h"

#include <algorithm>
#include <utility>

#include "geo/raster_checks.h"

namespace scarp::geo {
namespace {

class AveragedSource final : public RasterSource {
 public:
  AveragedSource(std::unique_ptr<RasterSource> source, int factor)
      : source_(std::move(source)), factor_(factor) {
    grid_ = source_->grid();
    grid_.rows = (grid_.rows + factor - 1) / factor;
    grid_.cols = (grid_.cols + factor - 1) / factor;
    for (const int i : {1, 2, 4, 5}) grid_.geotransform[static_cast<std::size_t>(i)] *= factor;
    for (BandInfo band : source_->bands()) {
      band.type = PixelType::f32;
      band.nodata.reset();
      bands_.push_back(band);
    }
  }

  const Grid& grid() const override { return grid_; }
  const std::vector<BandInfo>& bands() const override { return bands_; }
  const std::string& name() const override { return source_->name(); }

  void read(const Window& window,
            std::span<const int> bands,
            std::span<float> values,
            std::span<std::uint8_t> valid) override {
    check_read(*this, window, bands, values.size(), valid.size());
    const Window fine = intersection(
        {window.row * factor_, window.col * factor_, window.rows * factor_, window.cols * factor_},
        source_->grid().window());
    const auto pixels = static_cast<std::size_t>(fine.pixels());
    fine_values_.resize(pixels * bands.size());
    fine_valid_.resize(pixels);
    source_->read(fine, bands, fine_values_, fine_valid_);
    for (std::int64_t row = 0; row < window.rows; ++row) {
      for (std::int64_t col = 0; col < window.cols; ++col)
        average(window, fine, row, col, bands.size(), values, valid);
    }
  }

  std::unique_ptr<RasterSource> reopen() const override {
    return std::make_unique<AveragedSource>(source_->reopen(), factor_);
  }

 private:
  void average(const Window& window,
               const Window& fine,
               std::int64_t row,
               std::int64_t col,
               std::size_t bands,
               std::span<float> values,
               std::span<std::uint8_t> valid) const {
    const Window cell =
        intersection({row * factor_, col * factor_, factor_, factor_}, {0, 0, fine.rows, fine.cols});
    const auto target = static_cast<std::size_t>(row * window.cols + col);
    std::int64_t count = 0;
    for (std::int64_t r = cell.row; r < cell.row_end(); ++r) {
      for (std::int64_t c = cell.col; c < cell.col_end(); ++c)
        count += fine_valid_[static_cast<std::size_t>(r * fine.cols + c)];
    }
    const bool known = count > 0 && 2 * count >= cell.pixels();
    valid[target] = known ? 1 : 0;
    for (std::size_t band = 0; band < bands; ++band) {
      double sum = 0;
      for (std::int64_t r = cell.row; known && r < cell.row_end(); ++r) {
        for (std::int64_t c = cell.col; c < cell.col_end(); ++c) {
          const auto source = static_cast<std::size_t>(r * fine.cols + c);
          if (fine_valid_[source] != 0)
            sum += fine_values_[band * static_cast<std::size_t>(fine.pixels()) + source];
        }
      }
      const auto pixels = static_cast<std::size_t>(window.pixels());
      values[band * pixels + target] = known ? static_cast<float>(sum / static_cast<double>(count)) : 0.0F;
    }
  }

  std::unique_ptr<RasterSource> source_;
  int factor_;
  Grid grid_;
  std::vector<BandInfo> bands_;
  std::vector<float> fine_values_;
  std::vector<std::uint8_t> fine_valid_;
};

}  // namespace

std::unique_ptr<RasterSource> make_averaged_source(std::unique_ptr<RasterSource> source, int factor) {
  return std::make_unique<AveragedSource>(std::move(source), factor);
}

}  // namespace scarp::geo

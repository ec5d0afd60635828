// SPDX-License-Identifier: Apache-2.0
#include "geo/raster_source_memory.h"

#include <algorithm>
#include <utility>

#include "geo/error.h"
#include "geo/raster_checks.h"

namespace scarp::geo {
namespace {

class MemorySource final : public RasterSource {
 public:
  explicit MemorySource(std::shared_ptr<const MemoryRaster> raster) : raster_(std::move(raster)) {}

  const Grid& grid() const override { return raster_->grid; }
  const std::vector<BandInfo>& bands() const override { return raster_->bands; }
  const std::string& name() const override { return raster_->name; }

  void read(const Window& window,
            std::span<const int> bands,
            std::span<float> values,
            std::span<std::uint8_t> valid) override {
    check_read(*this, window, bands, values.size(), valid.size());
    const auto pixels = static_cast<std::size_t>(window.pixels());
    copy_plane(raster_->valid, 0, window, valid);
    for (std::size_t i = 0; i < bands.size(); ++i) {
      const std::span<float> plane = values.subspan(i * pixels, pixels);
      copy_plane(raster_->values, bands[i], window, plane);
      mark_nodata(raster_->bands[static_cast<std::size_t>(bands[i])], plane, valid);
    }
  }

  std::unique_ptr<RasterSource> reopen() const override { return std::make_unique<MemorySource>(raster_); }

 private:
  template <typename T>
  void copy_plane(const std::vector<T>& from, int plane, const Window& window, std::span<T> to) const {
    if (from.empty()) {
      std::fill(to.begin(), to.end(), T{1});
      return;
    }
    const Grid& grid = raster_->grid;
    for (std::int64_t row = 0; row < window.rows; ++row) {
      const std::int64_t start = (plane * grid.rows + window.row + row) * grid.cols + window.col;
      std::copy_n(from.begin() + start, window.cols, to.begin() + row * window.cols);
    }
  }

  std::shared_ptr<const MemoryRaster> raster_;
};

}  // namespace

std::unique_ptr<RasterSource> make_memory_source(MemoryRaster raster) {
  const auto pixels = static_cast<std::size_t>(raster.grid.window().pixels());
  const bool sized = raster.values.size() == pixels * raster.bands.size() &&
                     (raster.valid.empty() || raster.valid.size() == pixels);
  if (!sized) {
    throw Error(Fault::bad_argument, "a raster in memory of " + std::to_string(raster.bands.size()) +
                                         " bands and " + std::to_string(pixels) + " pixels holds " +
                                         std::to_string(raster.values.size()) + " values");
  }
  return std::make_unique<MemorySource>(std::make_shared<const MemoryRaster>(std::move(raster)));
}

}  // namespace scarp::geo

// SPDX-License-Identifier: Apache-2.0
#include "pipelines/cli/terrain_raster.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/info.h>
#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>

#include "geo/error.h"
#include "geo/raster_source_gdal.h"
#include "geo/raster_writer_gdal.h"
#include "pipelines/error.h"

namespace scarp::cli {

namespace {

/// A strip of about this many pixels is worth a task, and small beside a processor's memory.
constexpr std::int64_t kStripPixels = std::int64_t{1} << 20;

struct Strip {
  geo::Window core;
  std::vector<float> channels;  ///< [channels, core.rows, core.cols], nodata where unknown
  std::int64_t valid = 0;       ///< pixels with elevation
};

int chosen_band(const geo::RasterSource& dem, int band) {
  const int bands = static_cast<int>(dem.bands().size());
  if (band == 0 && bands == 1) return 0;
  if (band >= 1 && band <= bands) return band - 1;
  throw geo::Error(
      geo::Fault::wrong_bands,
      band == 0 ? fmt::format("{} has {} bands, a DEM has one: is it the image? If not, choose with -b",
                              dem.name(), bands)
                : fmt::format("{} has {} bands, there is no band {}: choose from 1 to {}", dem.name(), bands,
                              band, bands));
}

/// Rows of a strip: enough that reading its halo does not cost more than reading the strip.
std::int64_t strip_rows(const geo::Grid& grid, int halo) {
  const std::int64_t rows = std::max<std::int64_t>(
      {kStripPixels / std::max<std::int64_t>(1, grid.cols), 16, std::int64_t{2} * halo});
  return std::min(rows, grid.rows);
}

/// One thread's own way to the DEM.
class StripDeriver {
 public:
  StripDeriver(std::unique_ptr<geo::RasterSource> dem,
               int band,
               const std::vector<geo::TerrainChannel>& channels)
      : dem_(std::move(dem)), band_(band), channels_(channels), size_(dem_->grid().pixel_size()) {}

  Strip derive(const geo::Window& core) {
    const geo::Window window = geo::intersection(core.grown(geo::halo_px(channels_)), dem_->grid().window());
    elevation_.resize(window.pixels());
    valid_.resize(window.pixels());
    dem_->read(window, std::span(&band_, 1), elevation_, valid_);
    Strip strip{core, std::vector<float>(channels_.size() * core.pixels()), 0};
    core_valid_.resize(core.pixels());
    const geo::ElevationView elevation = {window,    elevation_, valid_,
                                          size_.x_m, size_.y_m,  dem_->grid().window()};
    geo::derive_terrain(elevation, core, channels_, strip.channels, core_valid_);
    mark_nodata(strip);
    return strip;
  }

 private:
  void mark_nodata(Strip& strip) const {
    const std::size_t plane = core_valid_.size();
    for (std::size_t i = 0; i < strip.channels.size(); ++i) {
      if (!core_valid_[i % plane] || !std::isfinite(strip.channels[i])) strip.channels[i] = kTerrainNodata;
    }
    strip.valid =
        std::count_if(core_valid_.begin(), core_valid_.end(), [](std::uint8_t valid) { return valid != 0; });
  }

  std::unique_ptr<geo::RasterSource> dem_;
  int band_;
  const std::vector<geo::TerrainChannel>& channels_;
  geo::Grid::PixelSize size_;
  std::vector<float> elevation_;
  std::vector<std::uint8_t> valid_;
  std::vector<std::uint8_t> core_valid_;
};

/// Compressing takes longer than deriving: on all workers (GDAL gives the same bytes for any number), and at
/// the level that gives nearly the smallest size in half the time.
std::vector<std::string> creation_options(const TerrainRasterOptions& options, int workers) {
  const auto unsaid = [&](const std::string& key) {
    return std::none_of(options.creation.begin(), options.creation.end(),
                        [&](const std::string& option) { return option.rfind(key + "=", 0) == 0; });
  };
  std::vector<std::string> creation = options.creation;
  if (unsaid("NUM_THREADS")) creation.push_back(fmt::format("NUM_THREADS={}", workers));
  if (options.driver == "GTiff" && unsaid("COMPRESS") && unsaid("ZLEVEL")) creation.push_back("ZLEVEL=1");
  return creation;
}

geo::RasterWriter open_writer(const TerrainRasterOptions& options, const geo::Grid& grid, int workers) {
  geo::RasterWriterOptions file;
  file.type = geo::PixelType::f32;
  for (const geo::TerrainChannel& channel : options.channels)
    file.band_names.push_back(geo::to_string(channel));
  file.nodata = kTerrainNodata;
  file.driver = options.driver;
  file.creation = creation_options(options, workers);
  file.overwrite = options.overwrite;
  return geo::RasterWriter(options.output, grid, file);
}

}  // namespace

void write_terrain_raster(const TerrainRasterOptions& options,
                          pipelines::Events& events,
                          std::stop_token stop) {
  geo::require_writable(options.output, options.overwrite);
  const std::unique_ptr<geo::RasterSource> dem = geo::open_raster(options.dem);
  const geo::Grid grid = dem->grid();
  geo::require_mappable(grid, dem->name());
  const int band = chosen_band(*dem, options.band);
  const int workers = options.workers > 0 ? options.workers : tbb::info::default_concurrency();
  geo::RasterWriter writer = open_writer(options, grid, workers);
  events.stage("terrain");

  const std::int64_t rows_a_strip = strip_rows(grid, geo::halo_px(options.channels));
  tbb::enumerable_thread_specific<StripDeriver> derivers(
      [&] { return StripDeriver(geo::open_raster(options.dem), band, options.channels); });
  std::int64_t next_row = 0;
  std::int64_t valid = 0;

  const auto cut = [&](tbb::flow_control& flow) {
    if (next_row >= grid.rows || stop.stop_requested()) flow.stop();
    const geo::Window core = geo::intersection({next_row, 0, rows_a_strip, grid.cols}, grid.window());
    next_row += rows_a_strip;
    return core;
  };
  const auto derive = [&](const geo::Window& core) { return derivers.local().derive(core); };
  const auto write = [&](const Strip& strip) {
    writer.write_rows<float>(strip.channels, strip.core.rows);
    valid += strip.valid;
    events.progress(static_cast<double>(strip.core.row_end()) / static_cast<double>(grid.rows));
  };
  tbb::task_arena(workers).execute([&] {
    tbb::parallel_pipeline(static_cast<std::size_t>(workers) + 1,
                           tbb::make_filter<void, geo::Window>(tbb::filter_mode::serial_in_order, cut) &
                               tbb::make_filter<geo::Window, Strip>(tbb::filter_mode::parallel, derive) &
                               tbb::make_filter<Strip, void>(tbb::filter_mode::serial_in_order, write));
  });
  if (stop.stop_requested())
    throw pipelines::Error(pipelines::Fault::cancelled, "cancelled; no output was written");
  if (valid == 0) {
    throw geo::Error(geo::Fault::no_valid_data,
                     fmt::format("every pixel of {} is nodata: there is no terrain to derive", dem->name()));
  }
  writer.finish();
  events.result("terrain", options.output);
}

}  // namespace scarp::cli

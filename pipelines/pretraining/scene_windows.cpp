// SPDX-License-Identifier: Apache-2.0
#include "pipelines/pretraining/scene_windows.h"

#include <algorithm>

#include <fmt/format.h>

#include "datasets/random.h"
#include "geo/raster_source_gdal.h"
#include "geo/statistics.h"
#include "geo/terrain.h"
#include "pipelines/error.h"
#include "pipelines/pretraining/whole_patches.h"
#include "pipelines/terrain_units.h"
#include "pipelines/training/scene_channels.h"

namespace scarp::pipelines {

/// What the survey found of every channel.
struct SceneWindows::Measured {
  std::vector<geo::RunningStatistics> optical, terrain;
};

namespace {

constexpr int kPlaces = 8;  // tried for one window before it lies on the lattice

std::uint64_t lot(std::uint64_t seed, std::int64_t a, std::int64_t b, int c) {
  return datasets::mixed(
      datasets::mixed(datasets::mixed(datasets::mixed(seed) ^ static_cast<std::uint64_t>(a)) ^
                      static_cast<std::uint64_t>(b)) ^
      static_cast<std::uint64_t>(c));
}

std::vector<nn::ChannelSpec> measured_channels(const std::vector<std::string>& names,
                                               const std::vector<std::string>& units,
                                               const std::vector<geo::RunningStatistics>& statistics) {
  std::vector<nn::ChannelSpec> channels;
  for (std::size_t c = 0; c < names.size(); ++c) {
    if (statistics[c].count() == 0) {
      throw Error(Fault::contradiction,
                  fmt::format("Channel {} has no valid pixel on the valid ground: check nodata, mask and "
                              "extent of the rasters with `scarp inspect`.",
                              names[c]));
    }
    const double deviation = statistics[c].deviation() > 0 ? statistics[c].deviation() : 1;
    channels.push_back({names[c], units[c], statistics[c].mean(), deviation});
  }
  return channels;
}

}  // namespace

SceneWindows::SceneWindows(const PretrainSettings& settings, Events& events, const std::stop_token& stop)
    : side_(settings.window_side),
      patch_(settings.patch()),
      grouped_(settings.grouped()),
      valid_share_(settings.valid_share),
      surveyed_(settings.surveyed_windows),
      seed_(settings.options.seed),
      measured_(std::make_shared<Measured>()) {
  measured_->optical.resize(settings.bands.size());
  measured_->terrain.resize(settings.terrain.size());
  const std::int64_t budget = static_cast<std::int64_t>(settings.memory_mb) * 1'000'000 /
                              static_cast<std::int64_t>(settings.scenes.size());
  for (const UnlabelledScene& scene : settings.scenes) {
    auto optical = geo::open_raster(scene.optical);
    const double gsd = optical->grid().pixel_size().mean_m();
    geo::require_mappable(optical->grid(), scene.optical);
    const geo::StackOptions stack = scene_channels(scene.name, settings.bands, scene.bands, settings.terrain);
    auto dem = stack.terrain.empty() ? nullptr : geo::open_raster(scene.dem);
    auto factors = unit_factors(stack.terrain, settings.terrain_unit, gsd);
    scenes_.push_back({scene.name, std::make_unique<ChunkCache>(
                                       geo::AlignedStack(std::move(optical), std::move(dem), stack),
                                       std::move(factors), budget)});
    gsd_min_m_ = gsd_min_m_ == 0 ? gsd : std::min(gsd_min_m_, gsd);
    gsd_max_m_ = std::max(gsd_max_m_, gsd);
    survey(scenes_.size() - 1, events, stop);
  }
  size_ = settings.windows_a_pass > 0 ? settings.windows_a_pass : valid_windows();
  optical_ = measured_channels(
      settings.bands, std::vector<std::string>(settings.bands.size(), "digital number"), measured_->optical);
  std::vector<std::string> units;
  for (const std::string& name : settings.terrain)
    units.push_back(unit_of_terrain(geo::parse_terrain_channel(name), settings.terrain_unit));
  terrain_ = measured_channels(settings.terrain, units, measured_->terrain);
}

// Where all channels go through one projection, a patch needs all of them.
double SceneWindows::whole_share(const geo::StackTile& tile) const {
  if (tile.terrain.empty() || grouped_) return pipelines::whole_share(tile.valid, side_, patch_);
  std::vector<std::uint8_t> both = tile.valid;
  for (std::size_t i = 0; i < both.size(); ++i)
    both[i] = both[i] != 0 && tile.terrain_valid[i] != 0 ? std::uint8_t{1} : std::uint8_t{0};
  return pipelines::whole_share(both, side_, patch_);
}

void SceneWindows::survey(std::size_t number, Events& events, const std::stop_token& stop) {
  Scene& scene = scenes_[number];
  const geo::Grid& grid = scene.pixels->grid();
  const std::int64_t rows = (grid.rows + side_ - 1) / side_, cols = (grid.cols + side_ - 1) / side_;
  const std::int64_t all = rows * cols, asked = std::min<std::int64_t>(all, surveyed_);
  const std::size_t before = cells_.size();
  double best = 0;
  for (std::int64_t i = 0; i < asked; ++i) {
    if (stop.stop_requested()) throw Error(Fault::cancelled, "Cancelled while looking for valid ground.");
    const std::int64_t cell = asked == all
                                  ? i
                                  : static_cast<std::int64_t>(lot(seed_, -1, i, static_cast<int>(number)) %
                                                              static_cast<std::uint64_t>(all));
    const geo::Window window{cell / cols * side_, cell % cols * side_, side_, side_};
    scene.pixels->read(window, tile_);
    const double share = whole_share(tile_);
    best = std::max(best, share);
    if (i % 64 == 0) events.progress(static_cast<double>(i) / static_cast<double>(asked), scene.name);
    if (share < valid_share_ || share == 0) continue;
    cells_.push_back({number, window});
    for (std::size_t c = 0; c < measured_->optical.size(); ++c)
      measured_->optical[c].add(std::span(tile_.optical).subspan(c * tile_.valid.size(), tile_.valid.size()),
                                tile_.valid);
    for (std::size_t c = 0; c < measured_->terrain.size(); ++c)
      measured_->terrain[c].add(std::span(tile_.terrain).subspan(c * tile_.valid.size(), tile_.valid.size()),
                                tile_.terrain_valid);
  }
  if (cells_.size() > before) return;
  throw Error(
      Fault::contradiction,
      fmt::format(
          "Scene {} has no window of {} pixels with {:.0f} % of its patches on valid ground (the best "
          "of {} has {:.0f} %): take smaller windows (windows.side), a smaller windows.valid_share, "
          "or check nodata, mask and extent with `scarp inspect`.",
          scene.name, side_, 100 * valid_share_, asked, 100 * best));
}

// All cells are used before one comes again, in the order of the survey; passes over more windows than there
// are cells go round.
const SceneWindows::Cell& SceneWindows::cell_of(std::int64_t epoch, std::int64_t index) const {
  const auto count = static_cast<std::uint64_t>(cells_.size());
  const bool once = size_ % valid_windows() == 0;
  const std::uint64_t number = once ? static_cast<std::uint64_t>(index) : lot(seed_, epoch, index, 1000);
  return cells_[static_cast<std::size_t>(number % count)];
}

geo::Window SceneWindows::jittered(const Cell& cell,
                                   std::int64_t epoch,
                                   std::int64_t index,
                                   int attempt) const {
  if (attempt >= kPlaces) return cell.window;
  const std::uint64_t random = lot(seed_, epoch, index, attempt);
  const auto shift = [&](std::uint64_t bits) {
    return static_cast<std::int64_t>(bits % static_cast<std::uint64_t>(side_ + 1)) - side_ / 2;
  };
  return {cell.window.row + shift(random >> 32), cell.window.col + shift(random & 0xFFFFFFFFULL), side_,
          side_};
}

void SceneWindows::fill(std::int64_t epoch, std::int64_t index, const nn::WindowView& out) {
  const Cell& cell = cell_of(epoch, index);
  for (int attempt = 0; attempt <= kPlaces; ++attempt) {
    scenes_[cell.scene].pixels->read(jittered(cell, epoch, index, attempt), tile_);
    if (whole_share(tile_) >= valid_share_) break;
  }
  std::copy(tile_.optical.begin(), tile_.optical.end(), out.optical.begin());
  std::copy(tile_.terrain.begin(), tile_.terrain.end(), out.terrain.begin());
  std::copy(tile_.valid.begin(), tile_.valid.end(), out.valid.begin());
  if (!tile_.terrain_valid.empty())
    std::copy(tile_.terrain_valid.begin(), tile_.terrain_valid.end(), out.terrain_valid.begin());
}

std::string SceneWindows::place(std::int64_t epoch, std::int64_t index) const {
  const Cell& cell = cell_of(epoch, index);
  return fmt::format("scene {}, near row {}, column {}", scenes_[cell.scene].name, cell.window.row,
                     cell.window.col);
}

}  // namespace scarp::pipelines

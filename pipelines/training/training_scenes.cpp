// SPDX-License-Identifier: Apache-2.0
#include "pipelines/training/training_scenes.h"

#include <algorithm>
#include <iterator>
#include <numeric>

#include <fmt/format.h>

#include "datasets/folds.h"
#include "datasets/random.h"
#include "geo/raster_source_gdal.h"
#include "geo/statistics.h"
#include "pipelines/error.h"
#include "pipelines/terrain_units.h"
#include "pipelines/training/scene_channels.h"

namespace scarp::pipelines {
namespace {

datasets::GroundSplit split_of_fold(const RunSettings& settings,
                                    const SceneSettings& scene,
                                    const datasets::LabelledBlocks& blocks) {
  const datasets::Folds folds = datasets::read_folds(settings.folds_file);
  if (settings.fold > folds.count) {
    throw Error(Fault::usage, fmt::format("Fold {} is asked for, but {} has {} folds.", settings.fold,
                                          settings.folds_file, folds.count));
  }
  const std::vector<int> fold_of_block =
      datasets::folds_of(folds, scene.paths.name, blocks, settings.folds_file);
  return datasets::split_of_fold(blocks, fold_of_block, settings.fold, settings.validation_margin_px);
}

datasets::GroundSplit split_of(const RunSettings& settings,
                               const SceneSettings& scene,
                               const datasets::LabelledBlocks& blocks) {
  std::vector<int> all(blocks.blocks.size());
  std::iota(all.begin(), all.end(), 0);
  if (scene.use == SceneUse::split && settings.fold > 0) return split_of_fold(settings, scene, blocks);
  if (scene.use == SceneUse::validation) return {{}, all};
  if (scene.use == SceneUse::training || settings.validation_share == 0) return {all, {}};
  return datasets::split_by_groups(blocks, settings.validation_share, settings.validation_margin_px,
                                   settings.split_seed);
}

datasets::LabelledBlocks blocks_of(const datasets::SceneLabels& labels, const geo::Grid& grid, int side) {
  if (!labels.everywhere) return datasets::labelled_blocks(labels.labelled_area, grid, side);
  const auto corner = [&](std::int64_t row, std::int64_t col) {
    return grid.map_from_pixel({static_cast<double>(row), static_cast<double>(col)});
  };
  geo::FeatureLayer whole;
  whole.crs = grid.crs;
  whole.features.push_back({{{{corner(0, 0), corner(0, grid.cols), corner(grid.rows, grid.cols),
                               corner(grid.rows, 0), corner(0, 0)},
                              {}}},
                            1,
                            {}});
  const datasets::LabelledBlocks all = datasets::labelled_blocks(whole, grid, side);
  if (labels.raster.empty()) return all;
  return datasets::blocks_where(all, [&](const geo::Window& block) {  // a label raster may know little
    const std::vector<std::uint8_t> ids = datasets::label_window(labels, grid, block);
    return std::any_of(ids.begin(), ids.end(), [](std::uint8_t id) { return id != nn::kIgnoreLabel; });
  });
}

void require_known_ground(const datasets::LabelledBlocks& blocks, const datasets::ScenePaths& paths) {
  if (!blocks.blocks.empty()) return;
  throw Error(Fault::contradiction,
              fmt::format("Scene {}: {} knows nothing: every pixel is 255 or nodata. Leave the scene out, or "
                          "give labels that say something.",
                          paths.name, paths.labels));
}

TrainingScene open_scene(const RunSettings& settings, const SceneSettings& scene, std::int64_t budget_bytes) {
  TrainingScene open;
  open.name = scene.paths.name;
  auto optical = geo::open_raster(scene.paths.optical);
  const geo::Grid grid = optical->grid();
  geo::require_mappable(grid, scene.paths.optical);
  open.gsd_m = grid.pixel_size().mean_m();
  open.labels = datasets::read_labels(scene.paths, grid);
  open.blocks = blocks_of(open.labels, grid, settings.block_side);
  require_known_ground(open.blocks, scene.paths);
  open.split = split_of(settings, scene, open.blocks);
  geo::StackOptions stack = scene_channels(scene.paths.name, settings.bands, scene.bands, settings.terrain);
  stack.dem_gaps = settings.dem_gaps;
  auto dem = stack.terrain.empty() ? nullptr : geo::open_raster(scene.paths.dem);
  open.pixels = std::make_unique<ChunkCache>(geo::AlignedStack(std::move(optical), std::move(dem), stack),
                                             unit_factors(stack.terrain, settings.terrain_unit, open.gsd_m),
                                             budget_bytes);
  return open;
}

void add_planes(std::span<const float> planes,
                std::span<const std::uint8_t> valid,
                std::vector<geo::RunningStatistics>& statistics) {
  for (std::size_t c = 0; c < statistics.size(); ++c)
    statistics[c].add(planes.subspan(c * valid.size(), valid.size()), valid);
}

void set_statistics(const std::vector<geo::RunningStatistics>& statistics,
                    std::vector<nn::ChannelSpec>& channels) {
  for (std::size_t c = 0; c < channels.size(); ++c) {
    if (statistics[c].count() == 0) {
      throw Error(
          Fault::contradiction,
          fmt::format("Channel {} has no valid pixel in the training blocks: check nodata, mask and extent "
                      "of the rasters with `scarp inspect`.",
                      channels[c].name));
    }
    channels[c].mean = statistics[c].mean();
    channels[c].deviation = statistics[c].deviation() > 0 ? statistics[c].deviation() : 1;
  }
}

}  // namespace

bool holds_landslide(const TrainingScene& scene, int block) {
  const std::vector<std::uint8_t> ids = datasets::label_window(
      scene.labels, scene.pixels->grid(), scene.blocks.blocks[static_cast<std::size_t>(block)]);
  return std::any_of(ids.begin(), ids.end(),
                     [](std::uint8_t id) { return id != 0 && id != nn::kIgnoreLabel; });
}

std::vector<TrainingScene> open_training_scenes(const RunSettings& settings) {
  const std::int64_t budget = static_cast<std::int64_t>(settings.memory_mb) * 1'000'000 /
                              static_cast<std::int64_t>(settings.scenes.size());
  std::vector<TrainingScene> scenes;
  for (const SceneSettings& scene : settings.scenes) scenes.push_back(open_scene(settings, scene, budget));
  return scenes;
}

void measure_channels(std::vector<TrainingScene>& scenes,
                      std::vector<nn::ChannelSpec>& optical,
                      std::vector<nn::ChannelSpec>& terrain) {
  std::vector<geo::RunningStatistics> of_optical(optical.size());
  std::vector<geo::RunningStatistics> of_terrain(terrain.size());
  geo::StackTile tile;
  for (TrainingScene& scene : scenes) {
    for (const int block : scene.split.training) {
      scene.pixels->read(scene.blocks.blocks[static_cast<std::size_t>(block)], tile);
      add_planes(tile.optical, tile.valid, of_optical);
      add_planes(tile.terrain, tile.terrain_valid, of_terrain);
    }
  }
  set_statistics(of_optical, optical);
  set_statistics(of_terrain, terrain);
}

BlockSamples::BlockSamples(std::vector<TrainingScene>& scenes, const RunSettings& settings, Purpose purpose)
    : scenes_(scenes),
      purpose_(purpose),
      side_(settings.sample_side),
      per_block_(purpose == Purpose::training ? settings.samples_a_block : 1),
      seed_(settings.training.seed),
      class_index_(256, nn::kIgnoreLabel) {
  for (std::size_t i = 0; i < settings.classes.size(); ++i) {
    class_index_[static_cast<std::size_t>(settings.classes[i].id)] = static_cast<std::uint8_t>(i);
  }
  for (std::size_t s = 0; s < scenes.size(); ++s) {
    const auto& chosen = purpose == Purpose::training ? scenes[s].split.training : scenes[s].split.validation;
    for (const int block : chosen) blocks_.push_back({s, block});
  }
}

std::int64_t BlockSamples::size() const {
  return static_cast<std::int64_t>(blocks_.size()) * per_block_;
}

// A training window lies anywhere such that it holds its block whole; a validation window is centred on it.
geo::Window BlockSamples::window(std::int64_t epoch, std::int64_t index) const {
  const Block& chosen = blocks_[static_cast<std::size_t>(index / per_block_)];
  const geo::Window& block = scenes_[chosen.scene].blocks.blocks[static_cast<std::size_t>(chosen.block)];
  const std::int64_t room_rows = side_ - block.rows;
  const std::int64_t room_cols = side_ - block.cols;
  std::int64_t up = room_rows / 2;
  std::int64_t left = room_cols / 2;
  if (purpose_ == Purpose::training) {
    const std::uint64_t random =
        datasets::mixed(datasets::mixed(datasets::mixed(seed_) ^ static_cast<std::uint64_t>(epoch)) ^
                        static_cast<std::uint64_t>(index));
    up = static_cast<std::int64_t>((random >> 32) % static_cast<std::uint64_t>(room_rows + 1));
    left = static_cast<std::int64_t>((random & 0xFFFFFFFFULL) % static_cast<std::uint64_t>(room_cols + 1));
  }
  return {block.row - up, block.col - left, side_, side_};
}

// A pixel of several blocks counts in the first: once, over all folds.
std::vector<geo::Window> BlockSamples::counted_before(const Block& block) const {
  const std::vector<geo::Window>& all = scenes_[block.scene].blocks.blocks;
  const auto own = all.begin() + block.block;
  std::vector<geo::Window> counted;
  std::copy_if(all.begin(), own, std::back_inserter(counted),
               [&](const geo::Window& earlier) { return !geo::intersection(earlier, *own).empty(); });
  return counted;
}

std::uint8_t BlockSamples::index_of(const TrainingScene& scene, std::uint8_t class_id) const {
  const std::uint8_t index = class_index_[class_id];
  if (index != nn::kIgnoreLabel || class_id == nn::kIgnoreLabel) return index;
  throw Error(Fault::contradiction, fmt::format("The labels of scene {} hold class id {}, which the run "
                                                "file's key classes does not name: is this the "
                                                "right label file?",
                                                scene.name, class_id));
}

void BlockSamples::fill_labels(const Block& block,
                               const geo::Window& window,
                               std::span<std::uint8_t> labels) const {
  const TrainingScene& scene = scenes_[block.scene];
  const std::vector<std::uint8_t> ids = datasets::label_window(scene.labels, scene.pixels->grid(), window);
  std::fill(labels.begin(), labels.end(), nn::kIgnoreLabel);
  const std::vector<int> own =
      purpose_ == Purpose::training ? scene.split.training : std::vector<int>{block.block};
  std::vector<geo::Window> elsewhere;
  if (purpose_ == Purpose::validation) elsewhere = counted_before(block);
  const auto counts = [&](std::int64_t row, std::int64_t col) {
    return std::none_of(elsewhere.begin(), elsewhere.end(), [&](const geo::Window& w) {
      return w.contains({row, col, 1, 1});
    });
  };
  for (const int number : own) {
    const geo::Window part = geo::intersection(scene.blocks.blocks[static_cast<std::size_t>(number)], window);
    for (std::int64_t row = part.row; row < part.row_end(); ++row) {
      for (std::int64_t col = part.col; col < part.col_end(); ++col) {
        if (!counts(row, col)) continue;
        const auto pixel = static_cast<std::size_t>((row - window.row) * window.cols + col - window.col);
        labels[pixel] = index_of(scene, ids[pixel]);
      }
    }
  }
}

bool BlockSamples::hold_landslides() const {
  bool any = false;
  for (const Block& chosen : blocks_) {
    const TrainingScene& scene = scenes_[chosen.scene];
    const geo::Window& block = scene.blocks.blocks[static_cast<std::size_t>(chosen.block)];
    for (const std::uint8_t id : datasets::label_window(scene.labels, scene.pixels->grid(), block)) {
      const std::uint8_t index = index_of(scene, id);
      any = any || (index != 0 && index != nn::kIgnoreLabel);
    }
  }
  return any;
}

void BlockSamples::fill(std::int64_t epoch, std::int64_t index, const nn::SampleView& out) {
  const Block& block = blocks_[static_cast<std::size_t>(index / per_block_)];
  const geo::Window wanted = window(epoch, index);
  scenes_[block.scene].pixels->read(wanted, tile_);
  std::copy(tile_.optical.begin(), tile_.optical.end(), out.optical.begin());
  std::copy(tile_.terrain.begin(), tile_.terrain.end(), out.terrain.begin());
  std::copy(tile_.valid.begin(), tile_.valid.end(), out.valid.begin());
  std::copy(tile_.terrain_valid.begin(), tile_.terrain_valid.end(), out.terrain_valid.begin());
  fill_labels(block, wanted, out.labels);
  for (std::size_t i = 0; i < out.labels.size(); ++i) {
    if (out.valid[i] == 0) out.labels[i] = nn::kIgnoreLabel;
  }
}

std::pair<std::string, int> BlockSamples::block(std::int64_t index) const {
  const Block& chosen = blocks_[static_cast<std::size_t>(index / per_block_)];
  return {scenes_[chosen.scene].name, chosen.block};
}

std::string BlockSamples::place(std::int64_t epoch, std::int64_t index) const {
  const geo::Window at = window(epoch, index);
  return fmt::format("scene {}, row {}, column {}",
                     scenes_[blocks_[static_cast<std::size_t>(index / per_block_)].scene].name, at.row,
                     at.col);
}

}  // namespace scarp::pipelines

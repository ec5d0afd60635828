// SPDX-License-Identifier: Apache-2.0
#include "pipelines/mapping/segment_scene.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <memory>
#include <vector>

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_pipeline.h>
#include <oneapi/tbb/task_arena.h>

#include "pipelines/error.h"
#include "pipelines/mapping/strip_reader.h"

namespace scarp::pipelines {
namespace {

/// Consecutive tiles of one lattice row on their way through the pipeline. Its memory is used again and
/// again.
struct TileGroup {
  std::shared_ptr<const Strip> strip;
  std::vector<geo::Window> windows;
  std::vector<std::int64_t> lattice_cols;
  bool ends_row = false;
  std::vector<std::uint8_t> sent;   ///< one a tile: it had a valid pixel
  std::vector<float> optical;       ///< [sent tiles, bands, tile, tile]
  std::vector<float> terrain;       ///< [sent tiles, channels, tile, tile]
  std::vector<std::uint8_t> valid;  ///< [sent tiles, tile, tile]
  std::vector<std::uint8_t> terrain_valid;
  std::vector<float> logits;  ///< [sent tiles, classes, tile, tile]
};

/// Cuts strips into groups of tiles, in row-major order of the lattice.
class GroupCutter {
 public:
  GroupCutter(StripReader reader, const DetectPlan& plan, int batch)
      : reader_(std::move(reader)), plan_(plan), batch_(batch), col_(plan.lattice.col_end()) {}

  std::shared_ptr<TileGroup> next() {
    if (col_ == plan_.lattice.col_end()) {
      strip_.reset();
      if (reader_.done()) return nullptr;
      strip_ = reader_.next();
      col_ = plan_.lattice.col;
    }
    auto group = spare_.take();
    group->strip = strip_;
    group->lattice_cols.clear();
    group->windows.clear();
    const std::int64_t last = std::min(col_ + batch_, plan_.lattice.col_end());
    for (; col_ < last; ++col_) {
      group->lattice_cols.push_back(col_);
      group->windows.push_back(plan_.tiles.tile(strip_->lattice_row(), col_).window);
    }
    group->ends_row = col_ == plan_.lattice.col_end();
    return group;
  }

 private:
  StripReader reader_;
  const DetectPlan& plan_;
  std::int64_t batch_;
  std::int64_t col_;
  std::shared_ptr<const Strip> strip_;
  Recycler<TileGroup> spare_;
};

/// Copies the tiles that hold something side by side and asks the network.
class GroupScorer {
 public:
  GroupScorer(const nn::Segmenter& segmenter, const DetectPlan& plan)
      : segmenter_(segmenter),
        plan_(plan),
        pixels_(static_cast<std::size_t>(plan.tiles.tile_px()) *
                static_cast<std::size_t>(plan.tiles.tile_px())) {}

  void score(TileGroup& group) {
    const std::size_t tiles = gather_valid(group);
    tiles_ += static_cast<std::int64_t>(tiles);
    empty_ += static_cast<std::int64_t>(group.sent.size() - tiles);
    if (tiles > 0) {
      gather_values(group, tiles);
      group.logits.resize(tiles * segmenter_.card().classes.size() * pixels_);
      const auto start = std::chrono::steady_clock::now();
      segmenter_.segment({static_cast<int>(tiles), plan_.tiles.tile_px(), plan_.tiles.tile_px(),
                          group.optical, group.terrain, group.valid, group.terrain_valid},
                         group.logits);
      nanoseconds_ +=
          std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start)
              .count();
    }
  }

  SegmentCounts counts() const { return {tiles_, empty_, 0, static_cast<double>(nanoseconds_) * 1e-9}; }

 private:
  /// @return tiles with a valid pixel
  std::size_t gather_valid(TileGroup& group) const {
    group.sent.assign(group.windows.size(), 0);
    group.valid.resize(group.windows.size() * pixels_);
    std::size_t slot = 0;
    for (std::size_t i = 0; i < group.windows.size(); ++i) {
      std::uint8_t* first = group.valid.data() + slot * pixels_;
      group.strip->cut(&geo::StackTile::valid, 1, group.windows[i], first);
      group.sent[i] = std::memchr(first, 1, pixels_) != nullptr ? 1 : 0;
      slot += group.sent[i];
    }
    group.valid.resize(slot * pixels_);
    return slot;
  }

  void gather_values(TileGroup& group, std::size_t tiles) const {
    const std::size_t bands = plan_.stack.optical_bands.size();
    const std::size_t channels = plan_.model_channels;
    group.optical.resize(tiles * bands * pixels_);
    group.terrain.resize(tiles * channels * pixels_);
    group.terrain_valid.resize(tiles * pixels_);
    std::size_t slot = 0;
    for (std::size_t i = 0; i < group.windows.size(); ++i) {
      if (group.sent[i] == 0) continue;
      group.strip->cut(&geo::StackTile::optical, bands, group.windows[i],
                       group.optical.data() + slot * bands * pixels_);
      group.strip->cut(&geo::StackTile::terrain, channels, group.windows[i],
                       group.terrain.data() + slot * channels * pixels_);
      group.strip->cut(&geo::StackTile::terrain_valid, 1, group.windows[i],
                       group.terrain_valid.data() + slot * pixels_);
      ++slot;
    }
  }

  const nn::Segmenter& segmenter_;
  const DetectPlan& plan_;
  std::size_t pixels_;  ///< of a tile
  std::atomic<std::int64_t> tiles_ = 0;
  std::atomic<std::int64_t> empty_ = 0;
  std::atomic<std::int64_t> nanoseconds_ = 0;
};

void place(const TileGroup& group, Mosaic& mosaic, std::size_t classes) {
  std::size_t slot = 0;
  for (std::size_t i = 0; i < group.windows.size(); ++i) {
    if (group.sent[i] == 0) continue;
    const auto pixels = static_cast<std::size_t>(group.windows[i].pixels());
    const std::span<const float> logits(group.logits.data() + slot * classes * pixels, classes * pixels);
    mosaic.add(group.strip->lattice_row(), group.lattice_cols[i], logits,
               {group.valid.data() + slot * pixels, pixels});
    ++slot;
  }
  if (group.ends_row) mosaic.finish_lattice_row(group.strip->lattice_row());
}

/// The ground under a row of the area, out of the band of a strip that holds it.
void set_ground(const Strip& strip, const DetectPlan& plan, std::int64_t row, vector::PixelRow& pixels) {
  const auto holds = [row](const auto& band) {
    return band->window.row <= row && row < band->window.row_end();
  };
  const auto& bands = strip.bands();
  const geo::StackTile& band = **std::find_if(bands.begin(), bands.end(), holds);
  const auto begin =
      static_cast<std::size_t>((row - band.window.row) * band.window.cols + plan.area.col - band.window.col);
  const auto cols = static_cast<std::size_t>(plan.area.cols);
  const auto channel = [&](std::size_t i) {
    const auto plane = static_cast<std::size_t>(band.window.pixels());
    return std::span<const float>(band.terrain).subspan(i * plane + begin, cols);
  };
  pixels.elevation_m = channel(plan.ground->elevation);
  pixels.slope_deg = channel(plan.ground->slope);
  pixels.gradient_east = channel(plan.ground->gradient_east);
  pixels.gradient_north = channel(plan.ground->gradient_north);
  pixels.terrain_valid = std::span<const std::uint8_t>(band.terrain_valid).subspan(begin, cols);
}

/// Hands finished rows on with what is known of their pixels.
class RowSink {
 public:
  RowSink(const DetectPlan& plan, const SegmentRun& run) : plan_(plan), run_(run) {}
  /// The strip that the rows to come lie in.
  void enter(std::shared_ptr<const Strip> strip) { strip_ = std::move(strip); }

  void push(const MapRows& rows) {
    const auto cols = static_cast<std::size_t>(plan_.area.cols);
    pixels_.resize(static_cast<std::size_t>(rows.rows));
    for (std::size_t i = 0; i < pixels_.size(); ++i) {
      pixels_[i] = {};
      pixels_[i].confidence = rows.probability.subspan(i * cols, cols);
      if (plan_.ground) set_ground(*strip_, plan_, rows.row + static_cast<std::int64_t>(i), pixels_[i]);
    }
    run_.sink({rows, pixels_});
  }

 private:
  const DetectPlan& plan_;
  const SegmentRun& run_;
  std::shared_ptr<const Strip> strip_;
  std::vector<vector::PixelRow> pixels_;
};

}  // namespace

SegmentCounts segment_scene(geo::AlignedStack stack,
                            const DetectPlan& plan,
                            const nn::Segmenter& segmenter,
                            const SegmentRun& run) {
  namespace tbb = oneapi::tbb;
  const std::size_t classes = segmenter.card().classes.size();
  GroupCutter cutter(StripReader(std::move(stack), plan.tiles, plan.lattice, plan.factors), plan, run.batch);
  GroupScorer scorer(segmenter, plan);
  RowSink sink(plan, run);
  Mosaic mosaic(plan.tiles, plan.area, static_cast<int>(classes),
                [&](const MapRows& rows) { sink.push(rows); });

  const auto cut = [&](tbb::flow_control& control) -> std::shared_ptr<TileGroup> {
    auto group = run.stop.stop_requested() ? nullptr : cutter.next();
    if (!group) control.stop();
    return group;
  };
  const auto score = [&](std::shared_ptr<TileGroup> group) {
    if (!run.stop.stop_requested()) scorer.score(*group);
    return group;
  };
  const auto blend = [&](const std::shared_ptr<TileGroup>& group) {
    if (run.stop.stop_requested()) return;
    sink.enter(group->strip);
    place(*group, mosaic, classes);
    sink.enter(nullptr);
    const std::int64_t lattice_row = group->strip->lattice_row();
    group->strip.reset();  // its bands may be used again
    if (group->ends_row && run.progress) {
      run.progress(static_cast<double>(lattice_row - plan.lattice.row + 1) /
                   static_cast<double>(plan.lattice.rows));
    }
  };
  // Two groups a worker: while one is at the network the next is read. This bounds the memory.
  tbb::task_arena arena(run.workers);
  tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                            static_cast<std::size_t>(run.workers));
  arena.execute([&] {
    tbb::parallel_pipeline(
        2 * static_cast<std::size_t>(run.workers),
        tbb::make_filter<void, std::shared_ptr<TileGroup>>(tbb::filter_mode::serial_in_order, cut) &
            tbb::make_filter<std::shared_ptr<TileGroup>, std::shared_ptr<TileGroup>>(
                tbb::filter_mode::parallel, score) &
            tbb::make_filter<std::shared_ptr<TileGroup>, void>(tbb::filter_mode::serial_in_order, blend));
  });
  if (run.stop.stop_requested()) throw Error(Fault::cancelled, "Cancelled: nothing was written.");
  SegmentCounts counts = scorer.counts();
  counts.not_finite = mosaic.not_finite();
  return counts;
}

}  // namespace scarp::pipelines

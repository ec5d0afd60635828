// SPDX-License-Identifier: Apache-2.0
#include "pipelines/pretraining/embed.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>

#include <fmt/format.h>

#include "geo/aligned_stack.h"
#include "geo/raster_source_gdal.h"
#include "geo/raster_writer_gdal.h"
#include "geo/terrain.h"
#include "nn/backbone.h"
#include "pipelines/error.h"
#include "pipelines/pretraining/embed_table.h"
#include "pipelines/terrain_units.h"

namespace scarp::pipelines {
namespace {

constexpr std::size_t kWindowsAtOnce = 8;
constexpr double kSizeTolerance = 0.02;  // a range of 232 to 232 m means that data set

std::string why_not(const EmbedOptions& options,
                    const nn::BackboneCard& card,
                    const geo::RasterSource& optical) {
  if (optical.bands().size() < card.optical.size())
    return fmt::format("it wants {} bands, the image has {}", card.optical.size(), optical.bands().size());
  if (!options.bands.empty() && options.bands.size() != card.optical.size())
    return fmt::format("it wants {} bands, -b names {}", card.optical.size(), options.bands.size());
  if (!card.terrain.empty() && options.dem.empty()) return "it wants terrain, and no DEM is given";
  const double gsd = optical.grid().pixel_size().mean_m();
  const bool fits =
      card.gsd_max_m == 0 || options.any_pixel_size ||
      (gsd >= card.gsd_min_m * (1 - kSizeTolerance) && gsd <= card.gsd_max_m * (1 + kSizeTolerance));
  if (fits) return {};
  return fmt::format(
      "it was pretrained on pixels of {:g} to {:g} m, the image has {:.4g} m (--any-pixel-size "
      "goes on all the same)",
      card.gsd_min_m, card.gsd_max_m, gsd);
}

geo::AlignedStack stack_for(const EmbedOptions& options, const nn::BackboneCard& card) {
  auto optical = geo::open_raster(options.optical);
  geo::require_mappable(optical->grid(), options.optical);
  const std::string reason = why_not(options, card, *optical);
  if (!reason.empty()) {
    throw Error(Fault::contradiction,
                fmt::format("Backbone {} does not fit {}: {}.", options.backbone, options.optical, reason));
  }
  geo::StackOptions stack;
  for (const int band : options.bands) stack.optical_bands.push_back(band - 1);
  if (options.bands.empty()) {
    stack.optical_bands.resize(card.optical.size());
    std::iota(stack.optical_bands.begin(), stack.optical_bands.end(), 0);
  }
  for (const nn::ChannelSpec& channel : card.terrain)
    stack.terrain.push_back(geo::parse_terrain_channel(channel.name));
  auto dem = stack.terrain.empty() ? nullptr : geo::open_raster(options.dem);
  return geo::AlignedStack(std::move(optical), std::move(dem), stack);
}

geo::Grid patch_grid(const geo::Grid& grid, std::int64_t patch) {
  geo::Grid coarse = grid;
  coarse.rows = (grid.rows + patch - 1) / patch;
  coarse.cols = (grid.cols + patch - 1) / patch;
  for (const std::size_t i : {1U, 2U, 4U, 5U}) coarse.geotransform[i] *= static_cast<double>(patch);
  return coarse;
}

/// Rows of patches as they are finished, in whichever form was asked for.
class FeatureOutput {
 public:
  FeatureOutput(const EmbedOptions& options, const nn::BackboneCard& card, const geo::Grid& grid) {
    if (options.output.ends_with(".csv")) {
      table_ = std::make_unique<EmbedTable>(options.output, grid, card.width, options.overwrite);
      return;
    }
    geo::RasterWriterOptions writer;
    writer.type = geo::PixelType::f32;
    for (std::int64_t i = 0; i < card.width; ++i) writer.band_names.push_back(fmt::format("feature_{}", i));
    writer.nodata = std::numeric_limits<double>::quiet_NaN();
    writer.metadata = {{"SCARP_BACKBONE", card.name}, {"SCARP_PATCH_PIXELS", std::to_string(card.patch)}};
    writer.overwrite = options.overwrite;
    raster_ = std::make_unique<geo::RasterWriter>(options.output, grid, writer);
  }
  void write(std::span<const float> values, std::int64_t first_row, std::int64_t rows) {
    if (raster_) raster_->write_rows(values, rows);
    if (table_) table_->write_rows(values, first_row, rows);
  }
  void finish() {
    if (raster_) raster_->finish();
    if (table_) table_->finish();
  }

 private:
  std::unique_ptr<geo::RasterWriter> raster_;
  std::unique_ptr<EmbedTable> table_;
};

/// How windows lie: each answers for a core of patches, and sees `margin` patches around it.
struct EmbedPlan {
  geo::Grid patches;
  std::int64_t patch = 1, core = 1, margin = 0;  ///< of a core and a margin: patches
  std::int64_t side() const { return (core + 2 * margin) * patch; }
};

EmbedPlan plan_of(const geo::Grid& grid, const nn::BackboneCard& card) {
  const std::int64_t across = card.side_px / card.patch, margin = across / 4;
  return {patch_grid(grid, card.patch), card.patch, across - 2 * margin, margin};
}

class StripEmbedder {
 public:
  StripEmbedder(const nn::Backbone& backbone, geo::AlignedStack stack, const EmbedPlan& plan)
      : backbone_(backbone),
        stack_(std::move(stack)),
        plan_(plan),
        factors_(unit_factors(stack_.options().terrain,
                              backbone.card().terrain_unit,
                              stack_.grid().pixel_size().mean_m())) {}

  /// Features of the rows of patches from `first` on. [width, rows, cols]; NaN where there are none
  std::vector<float> strip(std::int64_t first, std::int64_t rows) {
    const std::int64_t cols = plan_.patches.cols, width = backbone_.card().width;
    std::vector<float> values(static_cast<std::size_t>(width * rows * cols),
                              std::numeric_limits<float>::quiet_NaN());
    for (std::int64_t col = 0; col < cols;) {
      std::vector<geo::StackTile> tiles;
      const std::int64_t begin = col;
      for (; col < cols && tiles.size() < kWindowsAtOnce; col += plan_.core)
        tiles.push_back(tile_at(first, col));
      place(tiles, begin, rows, values);
    }
    return values;
  }

 private:
  geo::StackTile tile_at(std::int64_t row, std::int64_t col) {
    geo::StackTile tile;
    stack_.read(
        {(row - plan_.margin) * plan_.patch, (col - plan_.margin) * plan_.patch, plan_.side(), plan_.side()},
        tile);
    to_model_units(factors_, tile.terrain);
    return tile;
  }

  void place(const std::vector<geo::StackTile>& tiles,
             std::int64_t first_col,
             std::int64_t rows,
             std::vector<float>& values) const {
    std::vector<nn::BackboneWindow> windows;
    for (const geo::StackTile& tile : tiles)
      windows.push_back({tile.optical, tile.terrain, tile.valid, tile.terrain_valid});
    const auto features =
        backbone_.features(windows, plan_.side(), plan_.side(), nn::readout_for(backbone_.card().method));
    const std::int64_t across = plan_.side() / plan_.patch, cols = plan_.patches.cols;
    const auto width = static_cast<std::size_t>(backbone_.card().width);
    for (std::size_t t = 0; t < tiles.size(); ++t) {
      const std::int64_t left = first_col + static_cast<std::int64_t>(t) * plan_.core;
      for (std::int64_t r = 0; r < rows; ++r) {
        for (std::int64_t c = 0; c < std::min(plan_.core, cols - left); ++c) {
          const auto from = static_cast<std::size_t>((r + plan_.margin) * across + c + plan_.margin);
          if (features[t].whole[from] == 0) continue;
          for (std::size_t f = 0; f < width; ++f)
            values[(f * static_cast<std::size_t>(rows) + static_cast<std::size_t>(r)) *
                       static_cast<std::size_t>(cols) +
                   static_cast<std::size_t>(left + c)] = features[t].patches[from * width + f];
        }
      }
    }
  }

  const nn::Backbone& backbone_;
  geo::AlignedStack stack_;
  EmbedPlan plan_;
  std::vector<float> factors_;
};

}  // namespace

void embed_raster(const EmbedOptions& options, Events& events, std::stop_token stop) {
  if (!options.output.ends_with(".tif") && !options.output.ends_with(".csv")) {
    throw Error(Fault::usage,
                fmt::format("{} must end in .tif (a raster) or .csv (a table).", options.output));
  }
  geo::require_writable(options.output, options.overwrite);
  events.stage("reading the backbone");
  const auto backbone = nn::load_backbone(options.backbone, options.device, options.threads);
  geo::AlignedStack stack = stack_for(options, backbone->card());
  const EmbedPlan plan = plan_of(stack.grid(), backbone->card());
  FeatureOutput output(options, backbone->card(), plan.patches);
  StripEmbedder embedder(*backbone, std::move(stack), plan);
  events.stage("embedding");
  bool any = false;
  for (std::int64_t row = 0; row < plan.patches.rows; row += plan.core) {
    if (stop.stop_requested()) throw Error(Fault::cancelled, "Cancelled: nothing was written.");
    const std::int64_t rows = std::min(plan.core, plan.patches.rows - row);
    const std::vector<float> values = embedder.strip(row, rows);
    any = any || std::any_of(values.begin(), values.end(), [](float v) { return !std::isnan(v); });
    output.write(values, row, rows);
    events.progress(static_cast<double>(row + rows) / static_cast<double>(plan.patches.rows));
  }
  if (!any) {
    throw Error(
        Fault::contradiction,
        fmt::format("No patch of {} pixels of {} is whole: nothing was written. Check nodata and mask with "
                    "`scarp inspect`.",
                    plan.patch, options.optical));
  }
  output.finish();
  events.result("features", options.output);
}

}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#include "pipelines/mapping/detect_plan.h"

#include <fmt/format.h>

#include "geo/raster_source_gdal.h"
#include "pipelines/error.h"
#include "pipelines/terrain_units.h"

namespace scarp::pipelines {
namespace {

constexpr double kDefaultMinimumPixels = 10;

std::vector<int> wanted_bands(const DetectOptions& options, const nn::ModelCard& card, int available) {
  const std::size_t needed = card.optical.size();
  std::vector<int> bands;
  if (options.bands.empty()) {
    for (int band = 0; band < static_cast<int>(needed); ++band) bands.push_back(band);
    return bands;
  }
  if (options.bands.size() != needed) {
    throw Error(Fault::usage, fmt::format("{} band(s) are named with -b, but model {} takes {}.",
                                          options.bands.size(), card.name, needed));
  }
  for (const int band : options.bands) {
    if (band < 1 || band > available) {
      throw Error(Fault::usage, fmt::format("Band {} is asked for, but {} has bands 1 to {}.", band,
                                            options.optical, available));
    }
    bands.push_back(band - 1);
  }
  return bands;
}

geo::Window area_of(const DetectOptions& options, const geo::Grid& grid) {
  if (!options.box) return grid.window();
  const auto& [min_x, min_y, max_x, max_y] = *options.box;
  if (!(min_x < max_x && min_y < max_y)) {
    throw Error(
        Fault::usage,
        fmt::format("The box {} {} {} {} is empty: give min x, min y, max x, max y in the units of {}.",
                    min_x, min_y, max_x, max_y, options.optical));
  }
  const geo::Window area =
      geo::intersection(geo::window_of_box(grid, min_x, min_y, max_x, max_y), grid.window());
  if (area.empty()) {
    const geo::MapPoint upper_left = grid.map_from_pixel({0, 0});
    const geo::MapPoint lower_right =
        grid.map_from_pixel({static_cast<double>(grid.rows), static_cast<double>(grid.cols)});
    throw Error(
        Fault::contradiction,
        fmt::format("The box {} {} {} {} lies outside {}, which covers {} {} {} {}.", min_x, min_y, max_x,
                    max_y, options.optical, upper_left.x, lower_right.y, lower_right.x, upper_left.y));
  }
  return area;
}

/// The channel in metres or degrees; it is read along with those of the model.
std::size_t channel_of(geo::TerrainKind kind, DetectPlan& plan) {
  for (std::size_t i = 0; i < plan.stack.terrain.size(); ++i) {
    if (plan.stack.terrain[i].kind == kind && plan.factors[i] == 1) return i;
  }
  plan.stack.terrain.push_back({kind});
  plan.factors.push_back(1);
  return plan.stack.terrain.size() - 1;
}

}  // namespace

std::string why_unfit(const nn::ModelCard& card,
                      const geo::Grid& grid,
                      int optical_bands,
                      bool has_dem,
                      bool any_pixel_size) {
  if (optical_bands < static_cast<int>(card.optical.size())) {
    std::vector<std::string> names;
    for (const nn::ChannelSpec& band : card.optical) names.push_back(band.name);
    return fmt::format("it needs {} optical band(s) ({}), the image has {}.", card.optical.size(),
                       fmt::join(names, ", "), optical_bands);
  }
  if (!card.terrain.empty() && !has_dem) return "it needs a DEM, and none is given.";
  const double gsd = grid.pixel_size().mean_m();
  constexpr double kTolerance = 0.02;  // a range of 232 to 232 m means that data set
  const bool fits = gsd >= card.gsd_min_m * (1 - kTolerance) && gsd <= card.gsd_max_m * (1 + kTolerance);
  if (!fits && !any_pixel_size) {
    return fmt::format("it is valid for pixels of {:g} to {:g} m, the image has {:.4g} m.", card.gsd_min_m,
                       card.gsd_max_m, gsd);
  }
  return {};
}

DetectPlan plan_detection(const DetectOptions& options, const nn::ModelCard& card) {
  const auto optical = geo::open_raster(options.optical);
  const geo::Grid& grid = optical->grid();
  geo::require_mappable(grid, options.optical);
  const int bands = static_cast<int>(optical->bands().size());
  const std::string reason = why_unfit(card, grid, bands, !options.dem.empty(), options.any_pixel_size);
  if (!reason.empty()) {
    throw Error(Fault::contradiction,
                fmt::format("Model {} does not fit {}: {} Choose another model, or another input{}.",
                            card.name, options.optical, reason,
                            reason.find("valid for") == std::string::npos
                                ? ""
                                : ", or run it all the same with --any-pixel-size"));
  }
  const double gsd = grid.pixel_size().mean_m();
  geo::StackOptions stack{wanted_bands(options, card, bands), terrain_channels(card), options.dem_gaps};
  const geo::TilePlan tiles(grid.rows, grid.cols, {card.tile_px, card.overlap_px});
  const geo::Window area = area_of(options, grid);
  const double pixel_area = grid.pixel_size().x_m * grid.pixel_size().y_m;
  const double min_area = options.min_area_m2 < 0 ? kDefaultMinimumPixels * pixel_area : options.min_area_m2;
  std::vector<float> factors = unit_factors(stack.terrain, card.terrain_unit, gsd);
  DetectPlan plan{grid, area,    tiles, tiles.lattice_covering(area), std::move(stack), 0, std::move(factors),
                  {},   min_area};
  plan.model_channels = plan.stack.terrain.size();
  if (plan.model_channels > 0 && !options.polygons.empty()) {
    plan.ground = {channel_of(geo::TerrainKind::elevation, plan), channel_of(geo::TerrainKind::slope, plan),
                   channel_of(geo::TerrainKind::gradient_east, plan),
                   channel_of(geo::TerrainKind::gradient_north, plan)};
  }
  return plan;
}

geo::AlignedStack open_stack(const DetectOptions& options, const geo::StackOptions& stack) {
  auto dem = stack.terrain.empty() ? nullptr : geo::open_raster(options.dem);
  return geo::AlignedStack(geo::open_raster(options.optical), std::move(dem), stack);
}

}  // namespace scarp::pipelines

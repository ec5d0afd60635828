// SPDX-License-Identifier: Apache-2.0
#include "datasets/synthetic_scene.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "datasets/decoys.h"
#include "datasets/error.h"
#include "datasets/land_cover.h"
#include "datasets/landscape.h"
#include "datasets/landslide_sites.h"
#include "datasets/noise.h"

namespace scarp::datasets {
namespace {

constexpr int kPixelsALandslide = 30000;
constexpr int kLeastPixelsALandslide = 4000;
constexpr float kSeaToLowestPx =
    40;  // pixels: the lowest ground of a scene lies a few hundred metres high at 10 m a pixel

[[noreturn]] void refuse(const std::string& what, const std::string& value, const std::string& remedy) {
  throw Error(Fault::bad_argument, "synthetic scene: " + what + " is " + value + "; " + remedy);
}

template <typename T>
void require_range(const std::string& what, T value, T low, T high) {
  if (value >= low && value <= high) return;
  std::ostringstream number, remedy;
  number << value;
  remedy << "choose " << low << " to " << high;
  refuse(what, number.str(), remedy.str());
}

geo::Grid grid_of(const SyntheticOptions& options) {
  const geo::Crs crs = geo::Crs::from_user_input(options.crs);
  const double pixel = options.pixel_size_m / crs.metres_per_unit();
  return {options.rows, options.cols, {options.easting, pixel, 0, options.northing, 0, -pixel}, crs};
}

geo::Polygon polygon_of(const PixelRing& ring, const geo::Grid& grid) {
  geo::Polygon polygon;
  for (const geo::PixelPoint& point : ring) polygon.outer.push_back(grid.map_from_pixel(point));
  polygon.outer.push_back(polygon.outer.front());
  return polygon;
}

void add_walls(const Landslide& slide, const geo::Grid& grid, geo::FeatureLayer& walls) {
  const int sides = static_cast<int>(slide.outline.size()) / 2;
  const float crown = std::min(0.4F, 0.7F * slide.half_width / slide.length);
  int corner = 1, end = 1;
  while (slide.along[static_cast<std::size_t>(corner)] < crown) ++corner;
  while (slide.along[static_cast<std::size_t>(end)] < 0.5F) ++end;
  end = std::min(std::max(end, corner + 2), sides - 1);
  const auto add = [&](int first, int last, int class_id, const char* name) {
    walls.features.push_back({{polygon_of(wall_band(slide, first, last), grid)}, class_id, name});
  };
  add(-corner, corner, 1, "back");
  add(corner, end, 2, "side");
  add(-end, -corner, 2, "side");
}

/// Fresh ground is barer or moister than the surroundings; weak and uneven, and nothing at all on hidden
/// landslides.
void tint(const Landslide& slide, HeightField& bareness, HeightField& moisture) {
  if (slide.hidden) return;
  for_each_pixel_inside(slide.outline, bareness.rows, bareness.cols, [&](int row, int col) {
    const float r = static_cast<float>(row) + 0.5F, c = static_cast<float>(col) + 0.5F;
    const float edge = std::min(1.0F, distance_to_ring(slide.outline, r, c) / 3);
    const float patchy = std::clamp(0.6F + fractal_noise(slide.seed + 3, c / 11, r / 11, 2), 0.0F, 1.0F);
    if (slide.tone > 0) bareness.at(row, col) = 0.65F * slide.tone * edge * patchy;
    moisture.at(row, col) = -slide.tone * edge * patchy;
  });
}

SyntheticScene frame_of(const SyntheticOptions& options) {
  SyntheticScene scene;
  scene.grid = grid_of(options);
  scene.landslides = {"landslides", scene.grid.crs, {}};
  scene.labelled_area = {"labelled_area", scene.grid.crs, {}};
  scene.walls = {"walls", scene.grid.crs, {}};
  const double rows = options.rows, cols = options.cols;
  const PixelRing frame = {{0, 0}, {0, cols}, {rows, cols}, {rows, 0}};
  scene.labelled_area.features.push_back({{polygon_of(frame, scene.grid)}, 1, "labelled_area"});
  return scene;
}

}  // namespace

void SyntheticOptions::check() const {
  require_range("rows", rows, 128, 8192);
  require_range("cols", cols, 128, 8192);
  require_range("pixel_size_m", pixel_size_m, 1.0, 1000.0);
  if (bands != 3 && bands != kMostBands) refuse("bands", std::to_string(bands), "give 3 or 6");
  const std::int64_t pixels = static_cast<std::int64_t>(rows) * cols;
  require_range<std::int64_t>("landslides", landslides, 0, pixels / kLeastPixelsALandslide);
  if (!std::isfinite(easting) || !std::isfinite(northing)) {
    refuse("the upper left corner", "not finite", "give easting and northing as numbers");
  }
  if (geo::Crs::from_user_input(crs).geographic()) {
    refuse("crs", crs + ", which counts in degrees", "give a projected one such as EPSG:32632");
  }
}

SyntheticScene make_synthetic_scene(const SyntheticOptions& options) {
  options.check();
  SyntheticScene scene = frame_of(options);
  const Landscape land = make_landscape(part_seed(options.seed, 1), options.rows, options.cols);
  const Relief relief(land.heights);
  const int pixels = options.rows * options.cols;
  const int count = options.landslides > 0 ? options.landslides : std::max(1, pixels / kPixelsALandslide);
  Random random(part_seed(options.seed, 2));
  Occupancy taken(options.rows, options.cols);
  const std::vector<Landslide> slides = place_landslides(land, relief, count, random, taken);
  if (options.landslides > static_cast<int>(slides.size())) {
    refuse("landslides", std::to_string(options.landslides),
           "this ground carries " + std::to_string(slides.size()) +
               ": ask for fewer, or for more rows and columns");
  }
  HeightField heights = land.heights, moisture(options.rows, options.cols);
  Decoys decoys = place_decoys(relief, count, random, taken, heights);
  for (const Landslide& slide : slides) {
    carve(slide, relief.fine, heights);
    tint(slide, decoys.bareness, moisture);
    scene.landslides.features.push_back({{polygon_of(slide.outline, scene.grid)}, 1, "landslide"});
    scene.hidden.push_back(slide.hidden);
    add_walls(slide, scene.grid, scene.walls);
  }
  scene.decoys = decoys.placed;
  scene.optical =
      paint_ground({land, heights, decoys.bareness, moisture}, part_seed(options.seed, 3), options.bands);
  scene.elevation = std::move(heights.values);
  for (float& z : scene.elevation) z = (z + kSeaToLowestPx) * static_cast<float>(options.pixel_size_m);
  return scene;
}

}  // namespace scarp::datasets

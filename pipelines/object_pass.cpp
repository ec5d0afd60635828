// SPDX-License-Identifier: Apache-2.0
#include "pipelines/object_pass.h"

#include <algorithm>

#include "geo/feature_file_gdal.h"

namespace scarp::pipelines {
namespace {

std::vector<std::uint8_t> inside_mask(const vector::ClassPolygon& object,
                                      const geo::Grid& grid,
                                      const geo::Window& window) {
  geo::FeatureLayer layer;
  layer.crs = grid.crs;
  layer.features.push_back({{object.polygon}, 1, {}});
  return geo::burn(layer, grid, window, 0);
}

std::vector<std::uint8_t> read_confidence(geo::RasterSource& probability,
                                          const geo::Window& window,
                                          const geo::Window& area) {
  const auto pixels = static_cast<std::size_t>(window.pixels());
  std::vector<float> values(pixels);
  std::vector<std::uint8_t> valid(pixels);
  const int band = 0;
  probability.read({window.row - area.row, window.col - area.col, window.rows, window.cols}, {&band, 1},
                   values, valid);
  std::vector<std::uint8_t> confidence(pixels);
  for (std::size_t i = 0; i < pixels; ++i)
    confidence[i] = valid[i] != 0 ? static_cast<std::uint8_t>(values[i]) : 255;
  return confidence;
}

std::string class_name(const nn::ModelCard& card, int class_id) {
  const auto found = std::find_if(card.classes.begin(), card.classes.end(),
                                  [&](const nn::ClassSpec& c) { return c.id == class_id; });
  return found == card.classes.end() ? std::string() : found->name;
}

}  // namespace

ObjectPass::ObjectPass(const Inputs& inputs, vector::VectorWriter& writer)
    : inputs_(inputs), writer_(writer), geodesic_(inputs.grid.crs) {}

std::vector<geo::TerrainChannel> ObjectPass::terrain_channels() {
  return {{geo::TerrainKind::elevation},
          {geo::TerrainKind::slope},
          {geo::TerrainKind::gradient_east},
          {geo::TerrainKind::gradient_north}};
}

void ObjectPass::add(const vector::ClassPolygon& object) {
  const geo::Window window = geo::intersection(object.window.grown(1), inputs_.area);
  const std::vector<std::uint8_t> inside = inside_mask(object, inputs_.grid, window);
  const std::vector<std::uint8_t> confidence = read_confidence(inputs_.probability, window, inputs_.area);
  vector::ObjectPixels pixels;
  pixels.window = window;
  pixels.inside = inside;
  pixels.confidence = confidence;
  if (inputs_.terrain != nullptr) {
    inputs_.terrain->read(window, tile_);
    const auto count = static_cast<std::size_t>(window.pixels());
    const std::span<const float> planes(tile_.terrain);
    pixels.elevation_m = planes.subspan(0, count);
    pixels.slope_deg = planes.subspan(count, count);
    pixels.gradient_east = planes.subspan(2 * count, count);
    pixels.gradient_north = planes.subspan(3 * count, count);
    pixels.terrain_valid = tile_.terrain_valid;
  }
  vector::ObjectAttributes attributes = vector::measure_object(object, pixels, inputs_.grid, geodesic_);
  if (attributes.area_m2 < inputs_.min_area_m2) {
    ++dropped_small_;
    return;
  }
  const auto first = static_cast<std::int64_t>(std::find(inside.begin(), inside.end(), 1) - inside.begin());
  attributes.uid = vector::object_uid(inputs_.grid, window.row + first / window.cols,
                                      window.col + first % window.cols, object.class_id, inputs_.model_id);
  attributes.class_name = class_name(inputs_.card, object.class_id);
  attributes.model_id = inputs_.model_id;
  // The edge of the area of interest or of the data: the object may go on beyond.
  attributes.edge = attributes.edge || !inputs_.area.contains(object.window.grown(1));
  area_m2_ += attributes.area_m2;
  writer_.add(object.polygon, attributes);
}

}  // namespace scarp::pipelines

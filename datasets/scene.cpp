// SPDX-License-Identifier: Apache-2.0
#include "datasets/scene.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "datasets/error.h"
#include "geo/error.h"
#include "geo/feature_file_gdal.h"
#include "geo/raster_source_gdal.h"

namespace scarp::datasets {
namespace {

constexpr std::uint8_t kUnknown = 255;
constexpr const char* kAreaLayer = "labelled_area";

bool is_raster(const std::string& path) {
  const std::string ending = std::filesystem::path(path).extension().string();
  return ending == ".tif" || ending == ".tiff" || ending == ".vrt" || ending == ".img";
}

geo::Window covered(const geo::FeatureLayer& layer, const geo::Grid& grid) {
  geo::Window all;
  for (const geo::Feature& feature : layer.features) {
    for (const geo::Polygon& part : feature.parts) {
      double min_x = part.outer.front().x, max_x = min_x, min_y = part.outer.front().y, max_y = min_y;
      for (const geo::MapPoint& p : part.outer) {
        min_x = std::min(min_x, p.x), max_x = std::max(max_x, p.x);
        min_y = std::min(min_y, p.y), max_y = std::max(max_y, p.y);
      }
      all = geo::enclosing(
          all, geo::intersection(geo::window_of_box(grid, min_x, min_y, max_x, max_y), grid.window()));
    }
  }
  return all;
}

void require_overlap(const geo::FeatureLayer& layer,
                     const geo::Grid& grid,
                     const std::string& what,
                     const ScenePaths& paths) {
  if (layer.features.empty())
    throw Error(Fault::no_labels, what + " of " + paths.name +
                                      " holds no polygon: there is nothing to learn from or compare with.");
  if (covered(layer, grid).empty()) {
    throw Error(Fault::no_overlap,
                what + " lies elsewhere than the scene " + paths.name + " (" + paths.optical +
                    "): check that both are of the same place and that their CRS are right.");
  }
}

// "" means the layer of that name beside the labels.
geo::LayerPath area_path(const ScenePaths& paths) {
  if (!paths.labelled_area.empty()) return geo::parse_layer_path(paths.labelled_area);
  const std::string file = geo::parse_layer_path(paths.labels).file;
  const bool there = !is_raster(file) && [&] {
    const auto names = geo::layer_names(file);
    return std::find(names.begin(), names.end(), kAreaLayer) != names.end();
  }();
  if (!there) {
    throw Error(Fault::no_labels,
                file + " has no layer " + kAreaLayer +
                    ", so it is not known where labels are complete: name the area with labelled_area "
                    "FILE[:LAYER], or say all if every landslide of the scene is labelled.");
  }
  return {file, kAreaLayer};
}

void require_same_grid(const std::string& raster, const geo::Grid& labels, const geo::Grid& grid) {
  const bool same = labels.rows == grid.rows && labels.cols == grid.cols && labels.crs == grid.crs &&
                    std::abs(labels.geotransform[0] - grid.geotransform[0]) < 0.01 * grid.geotransform[1] &&
                    std::abs(labels.geotransform[3] - grid.geotransform[3]) < 0.01 * grid.geotransform[1] &&
                    std::abs(labels.geotransform[1] - grid.geotransform[1]) < 1e-6 * grid.geotransform[1];
  if (same) return;
  throw Error(Fault::no_overlap,
              "The label raster " + raster + " (" + std::to_string(labels.cols) + " x " +
                  std::to_string(labels.rows) + " pixels) does not lie on the grid of the scene (" +
                  std::to_string(grid.cols) + " x " + std::to_string(grid.rows) +
                  "): bring it there with gdalwarp -r near, or give the labels as polygons.");
}

std::vector<std::uint8_t> raster_window(const SceneLabels& labels, const geo::Window& window) {
  const auto source = geo::open_raster(labels.raster);
  std::vector<std::uint8_t> out(static_cast<std::size_t>(window.pixels()), kUnknown);
  const geo::Window part = geo::intersection(window, source->grid().window());
  if (part.empty()) return out;
  std::vector<float> values(static_cast<std::size_t>(part.pixels()));
  std::vector<std::uint8_t> valid(values.size());
  const int band = 0;
  source->read(part, {&band, 1}, values, valid);
  for (std::int64_t row = 0; row < part.rows; ++row) {
    for (std::int64_t col = 0; col < part.cols; ++col) {
      const auto from = static_cast<std::size_t>(row * part.cols + col);
      const auto to =
          static_cast<std::size_t>((part.row - window.row + row) * window.cols + part.col - window.col + col);
      const bool known = valid[from] != 0 && values[from] >= 0 && values[from] < kUnknown;
      out[to] = known ? static_cast<std::uint8_t>(values[from]) : kUnknown;
    }
  }
  return out;
}

void hide_outside(const geo::Grid& grid, const geo::Window& window, std::vector<std::uint8_t>& labels) {
  const geo::Window whole = grid.window();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto pixel = static_cast<std::int64_t>(i);
    if (!whole.contains({window.row + pixel / window.cols, window.col + pixel % window.cols, 1, 1}))
      labels[i] = kUnknown;
  }
}

}  // namespace

SceneLabels read_labels(const ScenePaths& paths, const geo::Grid& grid) {
  SceneLabels labels;
  labels.everywhere = paths.labelled_area == "all";
  const geo::LayerPath path = geo::parse_layer_path(paths.labels);
  if (is_raster(path.file)) {
    labels.raster = path.file;
    require_same_grid(path.file, geo::open_raster(path.file)->grid(), grid);
    if (paths.labelled_area.empty()) labels.everywhere = true;  // 255 says where nothing is known
  } else {
    labels.landslides = geo::read_features(path, grid.crs);
    require_overlap(labels.landslides, grid, "The labels " + paths.labels, paths);
  }
  if (!labels.everywhere) {
    labels.labelled_area = geo::read_features(area_path(paths), grid.crs);
    require_overlap(labels.labelled_area, grid, "The labelled area", paths);
  }
  return labels;
}

std::vector<std::uint8_t> label_window(const SceneLabels& labels,
                                       const geo::Grid& grid,
                                       const geo::Window& window) {
  std::vector<std::uint8_t> ids =
      labels.raster.empty() ? geo::burn(labels.landslides, grid, window, 0) : raster_window(labels, window);
  if (!labels.everywhere) {
    geo::FeatureLayer area = labels.labelled_area;
    for (geo::Feature& feature : area.features) feature.class_id = 1;
    const std::vector<std::uint8_t> known = geo::burn(area, grid, window, 0);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (known[i] == 0) ids[i] = kUnknown;
    }
  }
  hide_outside(grid, window, ids);
  return ids;
}

}  // namespace scarp::datasets

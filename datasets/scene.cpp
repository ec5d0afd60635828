// SPDX-License-Identifier: Apache-2.0
#include "datasets/scene.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "datasets/error.h"
#include "geo/error.h"
#include "geo/feature_file_gdal.h"
#include "geo/raster_source_gdal.h"

namespace scarp::datasets {
namespace {

constexpr std::uint8_t kUnknown = 255;
constexpr const char* kAreaLayer = "labelled_area";

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Layers of a vector file; none if the file is not one.
std::vector<std::string> layers_or_none(const std::string& file) {
  try {
    return geo::layer_names(file);
  } catch (const geo::Error& error) {
    if (error.fault() != geo::Fault::unreadable) throw;
    return {};
  }
}

struct Box {
  double min_x, min_y, max_x, max_y;
  bool empty() const { return min_x > max_x; }
};

Box box_of(const geo::FeatureLayer& layer) {
  constexpr double kFar = std::numeric_limits<double>::max();
  Box box = {kFar, kFar, -kFar, -kFar};
  for (const geo::Feature& feature : layer.features) {
    for (const geo::Polygon& polygon : feature.parts) {
      for (const geo::MapPoint& point : polygon.outer) {
        box.min_x = std::min(box.min_x, point.x);
        box.max_x = std::max(box.max_x, point.x);
        box.min_y = std::min(box.min_y, point.y);
        box.max_y = std::max(box.max_y, point.y);
      }
    }
  }
  return box;
}

/// The pixels of the grid that the layer's bounding box touches.
geo::Window covered(const geo::FeatureLayer& layer, const geo::Grid& grid) {
  const Box box = box_of(layer);
  if (box.empty()) return {};
  return geo::intersection(geo::window_of_box(grid, box.min_x, box.min_y, box.max_x, box.max_y),
                           grid.window());
}

double area_of(const geo::Ring& ring) {
  double twice = 0;
  for (std::size_t i = 1; i < ring.size(); ++i)
    twice += (ring[i - 1].x - ring[0].x) * (ring[i].y - ring[0].y) -
             (ring[i].x - ring[0].x) * (ring[i - 1].y - ring[0].y);
  return std::abs(twice) / 2;
}

double area_of(const geo::Feature& feature) {
  double area = 0;
  for (const geo::Polygon& polygon : feature.parts) {
    area += area_of(polygon.outer);
    for (const geo::Ring& hole : polygon.holes) area -= area_of(hole);
  }
  return area;
}

/// Landslides of fewer pixels become unknown ground; larger ones that lie over them stay.
void ignore_small(geo::FeatureLayer& landslides, int smallest_px, const geo::Grid& grid) {
  const auto& g = grid.geotransform;
  const double smallest = smallest_px * std::abs(g[1] * g[5] - g[2] * g[4]);
  for (geo::Feature& feature : landslides.features) {
    if (area_of(feature) < smallest) feature.class_id = kUnknown;
  }
  std::stable_partition(landslides.features.begin(), landslides.features.end(),
                        [](const geo::Feature& feature) { return feature.class_id == kUnknown; });
}

geo::FeatureLayer box_around(const geo::FeatureLayer& landslides) {
  const Box box = box_of(landslides);
  return {kAreaLayer,
          landslides.crs,
          {{{{{{box.min_x, box.min_y},
               {box.max_x, box.min_y},
               {box.max_x, box.max_y},
               {box.min_x, box.max_y},
               {box.min_x, box.min_y}},
              {}}},
            1,
            {}}}};
}

void require_overlap(const geo::FeatureLayer& layer,
                     const geo::Grid& grid,
                     const ScenePaths& paths,
                     const std::string& file) {
  if (!covered(layer, grid).empty()) return;
  throw Error(Fault::no_overlap, "scene \"" + paths.name + "\": layer " + layer.name + " of " + file +
                                     " lies elsewhere than " + paths.optical +
                                     "; give labels of the same ground, or correct the CRS of one of them");
}

void require_class_ids(const geo::FeatureLayer& layer, const ScenePaths& paths) {
  for (const geo::Feature& feature : layer.features) {
    if (feature.class_id >= 1 && feature.class_id < kUnknown) continue;
    throw Error(Fault::bad_argument, "scene \"" + paths.name + "\": a polygon of " + paths.labels +
                                         " has class_id " + std::to_string(feature.class_id) +
                                         "; number the classes from 1 to 254");
  }
}

geo::FeatureLayer read_polygons(const ScenePaths& paths,
                                geo::LayerPath path,
                                const std::vector<std::string>& layers,
                                const geo::Grid& grid) {
  if (path.layer.empty()) {
    const auto other = std::find_if(layers.begin(), layers.end(),
                                    [](const std::string& name) { return name != kAreaLayer; });
    if (contains(layers, "landslides")) {
      path.layer = "landslides";
    } else if (other != layers.end()) {
      path.layer = *other;
    } else {
      throw Error(Fault::no_labels, "scene \"" + paths.name + "\": " + path.file + " has only the layer " +
                                        kAreaLayer +
                                        "; add a layer of landslide polygons, or name another file");
    }
  }
  geo::FeatureLayer polygons = geo::read_features(path, grid.crs);
  if (polygons.features.empty()) {
    throw Error(Fault::no_labels,
                "scene \"" + paths.name + "\": layer " + path.layer + " of " + path.file +
                    " has no polygons; draw landslides there, or name another layer as FILE:LAYER");
  }
  require_class_ids(polygons, paths);
  require_overlap(polygons, grid, paths, path.file);
  return polygons;
}

void read_area(const ScenePaths& paths,
               const std::string& label_file,
               const std::vector<std::string>& layers,
               const geo::Grid& grid,
               SceneLabels& labels) {
  if (paths.labelled_area == "box") {
    if (!labels.raster.empty())
      throw Error(Fault::bad_argument, "scene \"" + paths.name +
                                           "\": labelled_area: box is for polygons; the " + "label raster " +
                                           paths.labels + " says itself what is unknown");
    labels.labelled_area = box_around(labels.landslides);
    return;
  }
  geo::LayerPath path = geo::parse_layer_path(paths.labelled_area);
  if (paths.labelled_area.empty()) {
    if (!contains(layers, kAreaLayer)) {
      throw Error(Fault::no_labels, "scene \"" + paths.name + "\": nothing says where the labels of " +
                                        label_file + " are complete; add a layer " + kAreaLayer +
                                        " to that file, name one as labelled_area, or write labelled_area: "
                                        "all if every landslide of the scene is drawn");
    }
    path = {label_file, kAreaLayer};
  }
  labels.labelled_area = geo::read_features(path, grid.crs);
  for (geo::Feature& feature : labels.labelled_area.features) feature.class_id = 1;
  require_overlap(labels.labelled_area, grid, paths, path.file);
}

bool same_pixels(const geo::Grid& a, const geo::Grid& b) {
  if (a.rows != b.rows || a.cols != b.cols || !(a.crs == b.crs)) return false;
  // A hundredth of a pixel at the far corner is rounding of a file format, not another grid.
  const auto corner = [](const geo::Grid& grid, bool far) {
    return grid.map_from_pixel(
        far ? geo::PixelPoint{static_cast<double>(grid.rows), static_cast<double>(grid.cols)}
            : geo::PixelPoint{0, 0});
  };
  const double tolerance = 0.01 * std::abs(a.geotransform[1]);
  const auto near = [&](geo::MapPoint p, geo::MapPoint q) {
    return std::abs(p.x - q.x) <= tolerance && std::abs(p.y - q.y) <= tolerance;
  };
  return near(corner(a, false), corner(b, false)) && near(corner(a, true), corner(b, true));
}

void require_label_raster(const ScenePaths& paths, const geo::Grid& grid) {
  const std::unique_ptr<geo::RasterSource> raster = geo::open_raster(paths.labels);
  const geo::Grid& found = raster->grid();
  if (raster->bands().size() != 1) {
    throw Error(Fault::bad_argument, "scene \"" + paths.name + "\": the label raster " + paths.labels +
                                         " has " + std::to_string(raster->bands().size()) +
                                         " bands; give one band of class ids");
  }
  if (same_pixels(found, grid)) return;
  throw Error(Fault::bad_argument,
              "scene \"" + paths.name + "\": the label raster " + paths.labels + " (" +
                  std::to_string(found.cols) + " x " + std::to_string(found.rows) + ", " + found.crs.name() +
                  ") is not on the grid of " + paths.optical + " (" + std::to_string(grid.cols) + " x " +
                  std::to_string(grid.rows) + ", " + grid.crs.name() +
                  "); bring it there with gdalwarp -r near -te ... -ts ..., or give polygons");
}

std::uint8_t class_of(float value, const std::string& file) {
  if (value >= 0 && value <= kUnknown && value == std::floor(value)) return static_cast<std::uint8_t>(value);
  throw Error(Fault::bad_argument,
              "the label raster " + file + " holds " + std::to_string(value) +
                  "; class ids are whole numbers from 0 to 254, and 255 where nothing is known");
}

/// Class ids of a window inside the grid.
std::vector<std::uint8_t> raster_classes(const std::string& file, const geo::Window& window) {
  const std::unique_ptr<geo::RasterSource> raster = geo::open_raster(file);
  std::vector<float> values(static_cast<std::size_t>(window.pixels()));
  std::vector<std::uint8_t> classes(values.size());
  const int band = 0;
  raster->read(window, {&band, 1}, values, classes);
  for (std::size_t i = 0; i < values.size(); ++i)
    classes[i] = classes[i] ? class_of(values[i], file) : kUnknown;
  return classes;
}

}  // namespace

SceneLabels read_labels(const ScenePaths& paths, const geo::Grid& grid) {
  if (paths.labels.empty()) {
    throw Error(Fault::no_labels,
                "scene \"" + paths.name + "\" names no labels; give label polygons or a label raster");
  }
  SceneLabels labels;
  const geo::LayerPath path = geo::parse_layer_path(paths.labels);
  const std::vector<std::string> layers = layers_or_none(path.file);
  if (layers.empty()) {
    require_label_raster(paths, grid);
    labels.raster = paths.labels;
  } else {
    labels.landslides = read_polygons(paths, path, layers, grid);
    if (paths.smallest_px > 0) ignore_small(labels.landslides, paths.smallest_px, grid);
  }
  // A label raster says itself what is unknown.
  labels.everywhere = paths.labelled_area == "all" || (!labels.raster.empty() && paths.labelled_area.empty());
  if (!labels.everywhere) read_area(paths, path.file, layers, grid, labels);
  return labels;
}

std::vector<std::uint8_t> label_window(const SceneLabels& labels,
                                       const geo::Grid& grid,
                                       const geo::Window& window) {
  std::vector<std::uint8_t> result(static_cast<std::size_t>(std::max<std::int64_t>(0, window.pixels())),
                                   kUnknown);
  const geo::Window inside = geo::intersection(window, grid.window());
  if (inside.empty()) return result;
  std::vector<std::uint8_t> classes = labels.raster.empty() ? geo::burn(labels.landslides, grid, inside, 0)
                                                            : raster_classes(labels.raster, inside);
  if (!labels.everywhere) {
    const std::vector<std::uint8_t> known = geo::burn(labels.labelled_area, grid, inside, 0);
    for (std::size_t i = 0; i < classes.size(); ++i) classes[i] = known[i] ? classes[i] : kUnknown;
  }
  for (std::int64_t row = 0; row < inside.rows; ++row) {
    const auto from = classes.begin() + row * inside.cols;
    std::copy(from, from + inside.cols,
              result.begin() + (row + inside.row - window.row) * window.cols + inside.col - window.col);
  }
  return result;
}

}  // namespace scarp::datasets

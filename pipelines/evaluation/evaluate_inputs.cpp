// SPDX-License-Identifier: Apache-2.0
#include "pipelines/evaluation/evaluate_inputs.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "geo/error.h"
#include "geo/feature_file_gdal.h"
#include "geo/raster_source_gdal.h"
#include "pipelines/error.h"
#include "pipelines/evaluation/evaluate_layers.h"

namespace scarp::pipelines {
namespace {

constexpr const char* kProbabilityKey = "SCARP_PROBABILITY_RASTER";
constexpr float kByteSteps = 254.0F;

struct Box {
  double min_x = INFINITY, min_y = INFINITY, max_x = -INFINITY, max_y = -INFINITY;
  bool empty() const { return !(min_x < max_x && min_y < max_y); }
};

Box box_of(const geo::FeatureLayer& layer) {
  Box box;
  for (const geo::Feature& feature : layer.features) {
    for (const geo::Polygon& polygon : feature.parts) {
      for (const geo::MapPoint& point : polygon.outer) {
        box = {std::min(box.min_x, point.x), std::min(box.min_y, point.y), std::max(box.max_x, point.x),
               std::max(box.max_y, point.y)};
      }
    }
  }
  return box;
}

Box enclosing(const Box& a, const Box& b) {
  return {std::min(a.min_x, b.min_x), std::min(a.min_y, b.min_y), std::max(a.max_x, b.max_x),
          std::max(a.max_y, b.max_y)};
}

/// Area of the outer ring (shoelace formula), in units of the CRS.
double plain_area(const geo::Ring& ring) {
  double twice = 0;
  for (std::size_t i = 1; i < ring.size(); ++i) {
    twice += (ring[i - 1].x - ring[0].x) * (ring[i].y - ring[0].y) -
             (ring[i].x - ring[0].x) * (ring[i - 1].y - ring[0].y);
  }
  return 0.5 * std::abs(twice);
}

double mean_side(const geo::FeatureLayer& layer) {
  double area = 0;
  std::int64_t polygons = 0;
  for (const geo::Feature& feature : layer.features) {
    for (const geo::Polygon& polygon : feature.parts) {
      area += plain_area(polygon.outer);
      ++polygons;
    }
  }
  return polygons == 0 ? 0.0 : std::sqrt(area / static_cast<double>(polygons));
}

void remember_names(const geo::FeatureLayer& layer, std::map<int, std::string>& names) {
  for (const geo::Feature& feature : layer.features) {
    if (!feature.class_name.empty()) names.emplace(feature.class_id, feature.class_name);
  }
}

/// Opens the parts in the order in which they need each other.
class Opener {
 public:
  Opener(const EvaluateOptions& options, Events& events)
      : options_(options),
        events_(events),
        prediction_features_(holds_features(options.prediction)),
        label_features_(holds_features(options.labels)) {}

  EvaluateInputs open() {
    const std::string file =
        prediction_features_ ? geo::parse_layer_path(options_.prediction).file : options_.prediction;
    in_.facts = prediction_features_ ? read_vector_facts(file) : read_raster_facts(file);
    in_.probability_raster = options_.probability_raster.empty() ? neighbour(file, in_.facts, kProbabilityKey)
                                                                 : options_.probability_raster;
    optical_ = neighbour(file, in_.facts, "SCARP_OPTICAL");
    in_.background = options_.background.empty() ? optical_ : options_.background;
    find_area();
    read_layers({});
    find_grid();
    if (in_.grid.crs.known()) read_layers(in_.grid.crs);
    make_readers();
    return std::move(in_);
  }

 private:
  /// Where labels are complete; refused where nobody says it.
  void find_area() {
    if (options_.labelled_area == "all") {
      in_.labelled_area = "all";
    } else if (!options_.labelled_area.empty()) {
      area_path_ = geo::parse_layer_path(options_.labelled_area);
      in_.labelled_area = options_.labelled_area;
    } else if (!label_features_) {
      in_.labelled_area = "where the label raster is not 255";
    } else {
      const std::string file = geo::parse_layer_path(options_.labels).file;
      const auto layers = geo::layer_names(file);
      if (std::find(layers.begin(), layers.end(), kAreaLayer) == layers.end()) {
        throw Error(Fault::contradiction, file +
                                              " has no layer labelled_area, so it is not known where "
                                              "landslides are mapped completely and what is not labelled "
                                              "cannot be counted as background: name the area with "
                                              "--labelled-area FILE[:LAYER], or say --labelled-area all if "
                                              "every landslide of the scene is labelled");
      }
      area_path_ = geo::LayerPath{file, kAreaLayer};
      in_.labelled_area = file + ":" + kAreaLayer;
    }
  }

  void read_layers(const geo::Crs& crs) {
    const auto read = [&](const geo::LayerPath& path) { return geo::read_features(path, crs); };
    if (prediction_features_) prediction_ = read(landslide_layer(options_.prediction));
    if (label_features_) labels_ = read(landslide_layer(options_.labels));
    if (area_path_) area_ = read(*area_path_);
    if (area_path_ && area_.features.empty()) {
      throw Error(Fault::contradiction,
                  "the labelled area " + in_.labelled_area + " holds no polygon: nothing could be compared");
    }
  }

  void take_grid(const std::string& path, const std::string& what) {
    in_.grid = geo::open_raster(path)->grid();
    in_.grid_of = what + " " + path;
  }

  void find_grid() {
    if (!prediction_features_) return take_grid(options_.prediction, "the class raster");
    if (!label_features_) return take_grid(options_.labels, "the label raster");
    if (!options_.background.empty()) return take_grid(options_.background, "the background");
    if (!in_.probability_raster.empty()) return take_grid(in_.probability_raster, "the probability raster");
    if (!optical_.empty()) return take_grid(optical_, "the optical raster");
    make_grid();
  }

  /// Both layers are polygons here, each in its own CRS: the grid takes that of the labels.
  void make_grid() {
    in_.grid.crs = labels_.crs;
    if (labels_.crs.known()) read_layers(labels_.crs);
    Box box = area_path_ ? box_of(area_) : enclosing(box_of(labels_), box_of(prediction_));
    if (box.empty()) {
      throw Error(Fault::contradiction,
                  "neither " + options_.prediction + " nor " + options_.labels +
                      " holds a polygon: give a raster whose grid is to be compared on with --background");
    }
    const double extent = std::max(box.max_x - box.min_x, box.max_y - box.min_y);
    const double wanted = mean_side(labels_.features.empty() ? prediction_ : labels_) / 20;
    const double pixel = std::clamp(wanted, extent / 20000, extent / 256);
    in_.grid.geotransform = {box.min_x, pixel, 0, box.max_y, 0, -pixel};
    in_.grid.rows = static_cast<std::int64_t>(std::ceil((box.max_y - box.min_y) / pixel - 1e-9));
    in_.grid.cols = static_cast<std::int64_t>(std::ceil((box.max_x - box.min_x) / pixel - 1e-9));
    in_.grid_of = "made over the ground that is compared";
    events_.warning(
        fmt::format("no raster says on which pixels to compare: polygons are burnt at {:.6g} map units a "
                    "pixel; name a raster with "
                    "--background to choose its pixels",
                    pixel));
  }

  void make_readers() {
    const geo::Grid& grid = in_.grid;
    remember_names(labels_, in_.class_names);
    remember_names(prediction_, in_.class_names);
    in_.prediction = prediction_features_ ? make_polygon_classes(std::move(prediction_), grid)
                                          : make_raster_classes(geo::open_raster(options_.prediction), grid,
                                                                RasterRole::prediction);
    in_.labels = label_features_
                     ? make_polygon_classes(std::move(labels_), grid)
                     : make_raster_classes(geo::open_raster(options_.labels), grid, RasterRole::labels);
    in_.window = grid.window();
    if (area_path_) {
      const Box box = box_of(area_);
      in_.window = geo::intersection(geo::window_of_box(grid, box.min_x, box.min_y, box.max_x, box.max_y),
                                     grid.window());
      if (in_.window.empty()) {
        throw Error(Fault::contradiction,
                    "the labelled area " + in_.labelled_area + " lies elsewhere than the map " +
                        options_.prediction +
                        ": check that both are of the same place and that their CRS are right");
      }
      in_.labels = make_masked_classes(std::move(in_.labels), std::move(area_), grid);
    }
    if (!in_.probability_raster.empty())
      in_.probability = std::make_unique<ProbabilityReader>(in_.probability_raster, grid);
  }

  const EvaluateOptions& options_;
  Events& events_;
  bool prediction_features_;
  bool label_features_;
  std::optional<geo::LayerPath> area_path_;
  std::string optical_;
  geo::FeatureLayer prediction_;
  geo::FeatureLayer labels_;
  geo::FeatureLayer area_;
  EvaluateInputs in_;
};

}  // namespace

ProbabilityReader::ProbabilityReader(const std::string& path, const geo::Grid& grid)
    : sampler_(geo::open_raster(path), grid) {
  const FileFacts facts = read_raster_facts(path);
  scale_ = facts.scale;
  offset_ = facts.offset;
  if (!facts.scaled && sampler_.source().bands().at(0).type == geo::PixelType::u8) scale_ = 1 / kByteSteps;
}

void ProbabilityReader::read(const geo::Window& window,
                             std::vector<float>& probability,
                             std::vector<std::uint8_t>& valid) {
  constexpr double kTolerance = 1e-3;  // rounding of scale and value
  sampler_.read(window, probability, valid);
  for (std::size_t i = 0; i < probability.size(); ++i) {
    if (valid[i] == 0) continue;
    const double p = probability[i] * scale_ + offset_;
    if (!(p >= -kTolerance && p <= 1 + kTolerance)) {
      throw Error(Fault::contradiction,
                  fmt::format("{} holds the value {}, that is a probability of {}: probabilities are 0 to 1 "
                              "(bytes: value / 254, 255 declared as "
                              "nodata); give the raster that detect --probability-raster writes",
                              sampler_.source().name(), probability[i], p));
    }
    probability[i] = static_cast<float>(std::clamp(p, 0.0, 1.0));
  }
}

OtherMap open_other_map(const EvaluateOptions& options, const geo::Grid& grid) {
  OtherMap other;
  const bool features = holds_features(options.against);
  const std::string file = features ? geo::parse_layer_path(options.against).file : options.against;
  other.prediction =
      features ? make_polygon_classes(geo::read_features(landslide_layer(options.against), grid.crs), grid)
               : make_raster_classes(geo::open_raster(file), grid, RasterRole::prediction);
  other.probability_raster =
      options.against_probability_raster.empty()
          ? neighbour(file, features ? read_vector_facts(file) : read_raster_facts(file), kProbabilityKey)
          : options.against_probability_raster;
  if (!other.probability_raster.empty())
    other.probability = std::make_unique<ProbabilityReader>(other.probability_raster, grid);
  return other;
}

EvaluateInputs open_inputs(const EvaluateOptions& options, Events& events) {
  if (options.prediction.empty() || options.labels.empty()) {
    throw Error(Fault::usage,
                "evaluate needs a map and labels to compare it with: scarp evaluate MAP --labels LABELS");
  }
  return Opener(options, events).open();
}

}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#include "pipelines/mapping/detect.h"

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "geo/raster_source_gdal.h"
#include "geo/raster_writer_gdal.h"
#include "pipelines/error.h"
#include "pipelines/mapping/detect_plan.h"
#include "pipelines/mapping/object_pass.h"
#include "pipelines/mapping/segment_scene.h"
#include "pipelines/mapping/sure_labels.h"
#include "pipelines/vector/polygonizer.h"
#include "pipelines/vector/vector_writer.h"
#include "pipelines/version.h"

namespace scarp::pipelines {
namespace fs = std::filesystem;
namespace {

std::map<std::string, std::string> provenance(const DetectOptions& options, const nn::Segmenter& segmenter) {
  const nn::ModelCard& card = segmenter.card();
  return {{"SCARP_VERSION", version()},
          {"SCARP_MODEL", card.name},
          {"SCARP_DEVICE", segmenter.device()},
          {"SCARP_PRECISION", segmenter.precision()},
          {"SCARP_FLIPS", std::to_string(segmenter.flips())},
          {"SCARP_OPTICAL", options.optical},
          {"SCARP_DEM", options.dem},
          {"SCARP_DEM_GAPS", options.dem_gaps == geo::DemGaps::fill ? "fill" : "mask"},
          {"SCARP_TILE", fmt::format("{} px, overlap {} px", card.tile_px, card.overlap_px)}};
}

/// The outputs that were asked for, none of which has its name before `finish`.
class Outputs {
 public:
  Outputs(const DetectOptions& options, const DetectPlan& plan, const nn::Segmenter& segmenter)
      : options_(options), plan_(plan) {
    const nn::ModelCard& card = segmenter.card();
    for (const nn::ClassSpec& c : card.classes) class_ids_.push_back(static_cast<std::uint8_t>(c.id));
    const geo::Grid grid = plan.grid.cropped(plan.area);
    const auto facts = provenance(options, segmenter);
    if (!options.class_raster.empty()) open_class_raster(grid, card, facts);
    if (!options.probability_raster.empty()) open_probability(grid, facts);
    if (!options.sure_labels.empty()) open_sure_labels(card, facts);
    if (!options.polygons.empty()) open_polygons(grid, card, facts);
  }

  void push(const SceneRows& scene) {
    const MapRows& rows = scene.map;
    ids_.resize(rows.classes.size());
    for (std::size_t i = 0; i < ids_.size(); ++i)
      ids_[i] = rows.classes[i] == kNoClass ? kNoClass : class_ids_[rows.classes[i]];
    if (classes_) classes_->write_rows<std::uint8_t>(ids_, rows.rows);
    if (probability_) probability_->write_rows<std::uint8_t>(rows.probability, rows.rows);
    if (polygonizer_) polygonizer_->push({rows.rows, ids_, scene.pixels});
    if (sure_labels_) sure_labels_->push(rows, ids_);
  }

  /// Writes the last polygons, under their temporary name.
  void finish_polygons(DetectReport& report) {
    if (!polygonizer_) return;
    polygonizer_->finish();
    report.polygons = vector_->count();
    report.dropped_small = pass_->dropped_small();
    report.area_m2 = pass_->area_m2();
  }

  void finish(Events& events) {
    if (classes_) classes_->finish();
    if (probability_) probability_->finish();
    if (sure_labels_) sure_labels_->finish();
    if (vector_) vector_->finish();
    if (vector_) events.result("polygons", options_.polygons);
    if (classes_) events.result("class_raster", options_.class_raster);
    if (probability_) events.result("probability_raster", options_.probability_raster);
    if (sure_labels_) events.result("sure_labels", options_.sure_labels);
  }

 private:
  using Facts = std::map<std::string, std::string>;

  // A product names the probability raster of its run, relative to itself: `evaluate` finds it there.
  void name_probability(const std::string& product, Facts& facts) const {
    if (options_.probability_raster.empty()) return;
    const fs::path folder = fs::absolute(product).parent_path();
    facts["SCARP_PROBABILITY_RASTER"] =
        fs::absolute(options_.probability_raster).lexically_relative(folder).string();
  }

  geo::RasterWriterOptions of_classes(const nn::ModelCard& card, const char* band) const {
    geo::RasterWriterOptions raster;
    raster.band_names = {band};
    raster.nodata = kNoClass;
    for (const nn::ClassSpec& c : card.classes) raster.categories.push_back({c.id, c.name, c.colour});
    raster.overwrite = options_.overwrite;
    return raster;
  }

  void open_class_raster(const geo::Grid& grid, const nn::ModelCard& card, Facts facts) {
    geo::RasterWriterOptions raster = of_classes(card, "class");
    name_probability(options_.class_raster, facts);
    raster.metadata = std::move(facts);
    classes_ = std::make_unique<geo::RasterWriter>(options_.class_raster, grid, raster);
  }

  void open_sure_labels(const nn::ModelCard& card, Facts facts) {
    geo::RasterWriterOptions raster = of_classes(card, "class");
    raster.metadata = std::move(facts);
    sure_labels_.emplace(options_, plan_, std::move(raster));
  }

  void open_probability(const geo::Grid& grid, const Facts& facts) {
    geo::RasterWriterOptions raster;
    raster.band_names = {"probability of landslide"};
    raster.nodata = kNoProbability;
    raster.scale = 1 / kProbabilitySteps;
    raster.metadata = facts;
    raster.overwrite = options_.overwrite;
    probability_ = std::make_unique<geo::RasterWriter>(options_.probability_raster, grid, raster);
  }

  void open_polygons(const geo::Grid& grid, const nn::ModelCard& card, Facts facts) {
    vector::VectorWriterOptions writer;
    writer.format = options_.format;
    for (std::size_t i = 1; i < card.classes.size(); ++i) {
      writer.classes.push_back({card.classes[i].id, card.classes[i].name, card.classes[i].colour});
    }
    name_probability(options_.polygons, facts);
    writer.provenance = std::move(facts);
    writer.creation = options_.creation;
    writer.overwrite = options_.overwrite;
    vector_ = vector::make_vector_writer(options_.polygons, grid.crs, writer);
    pass_.emplace(ObjectPass::Scene{card, plan_.grid, plan_.area, plan_.min_area_m2}, *vector_);
    polygonizer_ = vector::make_polygonizer(
        plan_.grid, plan_.area, [this](const vector::ClassPolygon& object) { pass_->add(object); });
  }

  const DetectOptions& options_;
  const DetectPlan& plan_;
  std::vector<std::uint8_t> class_ids_;  ///< class index -> class id
  std::vector<std::uint8_t> ids_;
  std::unique_ptr<geo::RasterWriter> classes_;
  std::unique_ptr<geo::RasterWriter> probability_;
  std::optional<SureLabels> sure_labels_;
  std::unique_ptr<vector::VectorWriter> vector_;
  std::optional<ObjectPass> pass_;
  std::unique_ptr<vector::Polygonizer> polygonizer_;
};

void require_outputs(const DetectOptions& options) {
  bool any = false;
  for (const std::string& path :
       {options.polygons, options.class_raster, options.probability_raster, options.sure_labels}) {
    if (path.empty()) continue;
    geo::require_writable(path, options.overwrite);
    any = true;
  }
  if (any) return;
  throw Error(Fault::usage,
              "Nothing to write: name an output with -o, --class-raster, --probability-raster or "
              "--sure-labels.");
}

int worker_count(const DetectOptions& options) {
  return options.workers > 0 ? options.workers
                             : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

void warn_of(const DetectReport& report, Events& events) {
  if (report.not_finite > 0) {
    events.warning(
        fmt::format("{} pixels became nodata because the network's answer was not a number: the model may be "
                    "damaged, or the "
                    "image far outside what it was trained on.",
                    report.not_finite));
  }
}

}  // namespace

DetectReport detect(const DetectOptions& options,
                    const nn::Segmenter& segmenter,
                    Events& events,
                    std::stop_token stop) {
  const auto start = std::chrono::steady_clock::now();
  require_outputs(options);
  const DetectPlan plan = plan_detection(options, segmenter.card());
  Outputs outputs(options, plan, segmenter);
  DetectReport report;

  events.stage("mapping");
  const auto sink = [&](const SceneRows& rows) {
    for (const std::uint8_t c : rows.map.classes) report.pixels += c != kNoClass ? 1 : 0;
    outputs.push(rows);
  };
  const SegmentRun run{worker_count(options), options.batch, sink,
                       [&](double fraction) { events.progress(fraction); }, stop};
  const SegmentCounts counts = segment_scene(open_stack(options, plan.stack), plan, segmenter, run);
  report.tiles = counts.tiles;
  report.tiles_empty = counts.tiles_empty;
  report.not_finite = counts.not_finite;
  report.seconds_network = counts.seconds_network;
  if (counts.tiles == 0) {
    throw Error(
        Fault::contradiction,
        fmt::format(
            "{} holds no valid pixel in the area asked for{}: nothing can be mapped. Check nodata and mask "
            "with `scarp inspect`.",
            options.optical,
            options.dem_gaps == geo::DemGaps::mask ? " (holes of the DEM count as nodata)" : ""));
  }
  events.stage("polygons");
  outputs.finish_polygons(report);
  events.stage("writing");
  outputs.finish(events);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  warn_of(report, events);
  return report;
}

}  // namespace scarp::pipelines

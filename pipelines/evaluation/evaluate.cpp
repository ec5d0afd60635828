// SPDX-License-Identifier: Apache-2.0
#include "pipelines/evaluation/evaluate.h"

#include <random>

#include <fmt/format.h>

#include "geo/error.h"
#include "geo/raster_writer_gdal.h"
#include "pipelines/error.h"
#include "pipelines/evaluation/evaluate_layers.h"
#include "pipelines/evaluation/evaluate_polygons.h"
#include "pipelines/evaluation/evaluate_tally.h"
#include "pipelines/evaluation/report_evaluation.h"
#include "pipelines/pages/report_file.h"

namespace scarp::pipelines {
namespace {

constexpr int kSmallPictureSide = 500;

void fill_counts(const GroundCounts& counts, Evaluation& out) {
  static_cast<MapScores&>(out) = scores_of(counts);
  out.true_positive = counts.pixels.true_positive;
  out.false_positive = counts.pixels.false_positive;
  out.false_negative = counts.pixels.false_negative;
  out.true_negative = counts.pixels.true_negative;
  out.labelled_pixels = counts.pixels.total();
  out.outline = counts.outline;
  if (counts.calibration.pixels() == 0) return;
  for (const auto& bin : counts.calibration.bins())
    out.reliability.push_back({bin.confidence, bin.frequency, bin.pixels});
}

GroundCounts pooled(std::span<const GroundCounts> blocks) {
  GroundCounts sum;
  for (const GroundCounts& block : blocks) sum.add(block);
  return sum;
}

void fill_classes(const Confusion& confusion, const std::map<int, std::string>& names, Evaluation& out) {
  for (const int id : confusion.classes()) {
    if (id == 0) continue;
    const BinaryCounts counts = confusion.of_class(id);
    const auto name = names.find(id);
    out.classes.push_back({id, name == names.end() ? std::string() : name->second, counts.true_positive,
                           counts.false_positive, counts.false_negative, counts.f1(), counts.iou()});
    out.miou_classes += counts.iou();
  }
  out.miou_classes = (out.miou_classes + out.iou_background) / static_cast<double>(out.classes.size() + 1);
  if (out.classes.size() < 2) out.miou_classes = out.miou;
}

void require_sense(const EvaluateOptions& options) {
  if (options.draws < 0)
    throw Error(Fault::usage, fmt::format("the number of draws must not be negative, is {}", options.draws));
  if (options.against.empty() && !options.against_probability_raster.empty()) {
    throw Error(Fault::usage,
                "a probability raster of another map is given (--against-probability-raster), but "
                "no other map (--against)");
  }
}

void warn(Evaluation& out, Events& events, const std::string& text) {
  out.warnings.push_back(text);
  events.warning(text);
}

void fill_warnings(Evaluation& out, Events& events) {
  if (out.true_positive + out.false_positive + out.false_negative == 0) {
    warn(out, events,
         "there is no landslide in the map nor in the labels: F1, IoU, precision and recall are not defined "
         "and given as 0");
  }
  if (out.unmapped_pixels > 0) {
    warn(out, events,
         fmt::format("{} labelled pixels have no data in {} and are left out of all counts",
                     out.unmapped_pixels, out.against ? "one of the maps" : "the map"));
  }
}

bool polygons_on_both_sides(const EvaluateOptions& options) {
  return holds_features(geo::parse_layer_path(options.prediction).file) &&
         holds_features(geo::parse_layer_path(options.labels).file);
}

void fill_bootstrap(const EvaluateOptions& options,
                    std::span<const GroundCounts> blocks,
                    std::span<const GroundCounts> other,
                    Evaluation& out) {
  std::mt19937_64 random(options.seed);
  out.bootstrap = bootstrap(blocks, other, options.draws, random);
  out.block_side_px = options.block_side_px;
  out.boundary_tolerance_px = options.boundary_tolerance_px;
  out.seed = options.seed;
}

Evaluation summarised(const EvaluateOptions& options,
                      const EvaluateInputs& in,
                      const std::optional<OtherMap>& other,
                      Tally& tally,
                      Events& events) {
  const std::vector<GroundCounts> blocks = tally.map.blocks();
  const std::vector<GroundCounts> others = tally.other.blocks();
  Evaluation out;
  out.prediction = options.prediction;
  out.labels = options.labels;
  out.labelled_area = in.labelled_area;
  out.probability_raster = in.probability_raster;
  out.grid = fmt::format("{} x {} pixels (columns x rows) of {:.6g} m, {}; {}", in.grid.cols, in.grid.rows,
                         in.grid.pixel_size().mean_m(), in.grid.crs.name(), in.grid_of);
  fill_counts(pooled(blocks), out);
  out.unmapped_pixels = tally.confusion.unmapped();
  if (out.labelled_pixels == 0) {
    throw Error(Fault::contradiction,
                fmt::format("no labelled pixel can be compared: {} and {} share none where both have data "
                            "({} labelled pixels are not mapped); "
                            "check that the labelled area ({}) lies on the map",
                            options.prediction, options.labels, out.unmapped_pixels, in.labelled_area));
  }
  fill_classes(tally.confusion, in.class_names, out);
  const ObjectScores objects = tally.objects.scores();
  out.objects = {objects.predicted, objects.labelled, objects.matched, objects.f1()};
  out.objects_at = tally.objects.scores_at(kMatchIous);
  if (polygons_on_both_sides(options)) {
    out.polygons_at = evaluate_polygons(options.prediction, options.labels, in.labelled_area);
  }
  if (other) out.against = {options.against, other->probability_raster, scores_of(pooled(others))};
  fill_bootstrap(options, blocks, others, out);
  fill_warnings(out, events);
  return out;
}

/// The picture of errors over what is known of the ground; a background that does not fit is told and left
/// out.
ErrorPicture draw_errors(const EvaluateInputs& in,
                         const ErrorMap& errors,
                         Evaluation& scores,
                         Events& events) {
  if (!in.background.empty()) {
    try {
      const geo::Picture ground =
          render_ground(in.background, in.grid, in.window, errors.rows(), errors.cols());
      return {enlarged(errors.picture(&ground), kSmallPictureSide), ErrorMap::legend(true), in.background};
    } catch (const Error& error) {
      warn(scores, events, std::string("the picture has no background: ") + error.what());
    } catch (const geo::Error& error) {
      warn(scores, events, std::string("the picture has no background: ") + error.what());
    }
  }
  return {enlarged(errors.picture(nullptr), kSmallPictureSide), ErrorMap::legend(false), {}};
}

}  // namespace

Evaluation evaluate(const EvaluateOptions& options, Events& events) {
  require_sense(options);
  for (const std::string& path : {options.report, options.json}) {
    if (!path.empty()) geo::require_writable(path, options.overwrite);
  }
  events.stage("reading labels");
  EvaluateInputs in = open_inputs(options, events);
  std::optional<OtherMap> other;
  if (!options.against.empty()) other = open_other_map(options, in.grid);
  Tally tally(options, in.window);
  events.stage("comparing");
  compare_rows(in, other ? &*other : nullptr, tally, events);
  Evaluation scores = summarised(options, in, other, tally, events);
  if (!options.report.empty()) {
    const ErrorPicture picture = draw_errors(in, tally.errors, scores, events);
    evaluation_report(scores, picture, in.facts.metadata).write(options.report, options.overwrite);
    events.result("report", options.report);
  }
  if (!options.json.empty()) {
    write_text_file(options.json, scores.to_json(), options.overwrite);
    events.result("metrics", options.json);
  }
  return scores;
}

}  // namespace scarp::pipelines

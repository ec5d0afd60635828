// SPDX-License-Identifier: Apache-2.0
#include "pipelines/evaluate.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "geo/error.h"
#include "geo/raster_writer_gdal.h"
#include "pipelines/calibration_curve.h"
#include "pipelines/confusion.h"
#include "pipelines/error.h"
#include "pipelines/evaluate_error_map.h"
#include "pipelines/evaluate_inputs.h"
#include "pipelines/evaluate_objects.h"
#include "pipelines/report_evaluation.h"
#include "pipelines/report_file.h"

namespace scarp::pipelines {
namespace {

constexpr int kPictureSide = 1400;
constexpr int kSmallPictureSide = 500;
constexpr std::int64_t kBlockRows = 256;

/// What is counted while rows go by.
struct Tally {
  explicit Tally(const geo::Window& window) : objects(window.cols), errors(window, kPictureSide) {}
  Confusion confusion;
  CalibrationCurve calibration;
  ObjectMatcher objects;
  ErrorMap errors;
};

void add_calibration(ProbabilityReader& reader,
                     const geo::Window& rows,
                     std::span<const std::uint8_t> prediction,
                     std::span<const std::uint8_t> truth,
                     CalibrationCurve& curve) {
  std::vector<float> probability;
  std::vector<std::uint8_t> valid;
  reader.read(rows, probability, valid);
  for (std::size_t i = 0; i < probability.size(); ++i) {
    if (valid[i] != 0 && truth[i] != Confusion::kUnknown && prediction[i] != Confusion::kUnknown) {
      curve.add(probability[i], truth[i] != 0);
    }
  }
}

void add_objects(const geo::Window& rows,
                 std::vector<std::uint8_t> prediction,
                 std::vector<std::uint8_t> truth,
                 ObjectMatcher& objects) {
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (truth[i] == Confusion::kUnknown || prediction[i] == Confusion::kUnknown) prediction[i] = truth[i] = 0;
  }
  const auto cols = static_cast<std::size_t>(rows.cols);
  for (std::size_t first = 0; first < truth.size(); first += cols) {
    objects.push(std::span(prediction).subspan(first, cols), std::span(truth).subspan(first, cols));
  }
}

void compare_rows(EvaluateInputs& in, Tally& tally, Events& events) {
  for (std::int64_t row = in.window.row; row < in.window.row_end(); row += kBlockRows) {
    const geo::Window rows = {row, in.window.col, std::min(kBlockRows, in.window.row_end() - row),
                              in.window.cols};
    const std::vector<std::uint8_t> prediction = in.prediction->read(rows);
    const std::vector<std::uint8_t> truth = in.labels->read(rows);
    tally.confusion.add(prediction, truth);
    tally.errors.add(rows, prediction, truth);
    if (in.probability) add_calibration(*in.probability, rows, prediction, truth, tally.calibration);
    add_objects(rows, prediction, truth, tally.objects);
    events.progress(static_cast<double>(rows.row_end() - in.window.row) /
                    static_cast<double>(in.window.rows));
  }
}

void fill_ratios(const BinaryCounts& counts, Evaluation& out) {
  out.true_positive = counts.true_positive;
  out.false_positive = counts.false_positive;
  out.false_negative = counts.false_negative;
  out.true_negative = counts.true_negative;
  out.labelled_pixels = counts.total();
  out.f1 = counts.f1();
  out.iou = counts.iou();
  // Background against landslide: the same counts with the two classes exchanged.
  out.iou_background =
      BinaryCounts{counts.true_negative, counts.false_negative, counts.false_positive, counts.true_positive}
          .iou();
  out.miou = 0.5 * (out.iou + out.iou_background);
  out.precision = counts.precision();
  out.recall = counts.recall();
  out.accuracy = counts.accuracy();
}

void fill_classes(const Confusion& confusion, const std::map<int, std::string>& names, Evaluation& out) {
  for (const int id : confusion.classes()) {
    if (id == 0) continue;
    const BinaryCounts counts = confusion.of_class(id);
    const auto name = names.find(id);
    out.classes.push_back({id, name == names.end() ? std::string() : name->second, counts.true_positive,
                           counts.false_positive, counts.false_negative, counts.f1(), counts.iou()});
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
         fmt::format("{} labelled pixels have no data in the map and are left out of all counts",
                     out.unmapped_pixels));
  }
}

Evaluation summarised(const EvaluateOptions& options,
                      const EvaluateInputs& in,
                      Tally& tally,
                      Events& events) {
  Evaluation out;
  out.prediction = options.prediction;
  out.labels = options.labels;
  out.labelled_area = in.labelled_area;
  out.probability_raster = in.probability_raster;
  out.grid = fmt::format("{} x {} pixels (columns x rows) of {:.6g} m, {}; {}", in.grid.cols, in.grid.rows,
                         in.grid.pixel_size().mean_m(), in.grid.crs.name(), in.grid_of);
  fill_ratios(tally.confusion.landslides(), out);
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
  if (tally.calibration.pixels() > 0) {
    out.ece = tally.calibration.expected_error();
    for (const auto& bin : tally.calibration.bins())
      out.reliability.push_back({bin.confidence, bin.frequency, bin.pixels});
  }
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

std::string Evaluation::to_json() const {
  nlohmann::ordered_json json = {{"f1", f1},
                                 {"iou", iou},
                                 {"miou", miou},
                                 {"precision", precision},
                                 {"recall", recall},
                                 {"accuracy", accuracy},
                                 {"ece", nullptr},
                                 {"iou_background", iou_background},
                                 {"labelled_pixels", labelled_pixels},
                                 {"true_positive", true_positive},
                                 {"false_positive", false_positive},
                                 {"false_negative", false_negative},
                                 {"true_negative", true_negative},
                                 {"unmapped_pixels", unmapped_pixels},
                                 {"polygons_predicted", objects.predicted},
                                 {"polygons_labelled", objects.labelled},
                                 {"polygons_matched", objects.matched},
                                 {"polygons_f1_iou50", objects.f1}};
  if (ece >= 0) json["ece"] = ece;
  json["reliability"] = nlohmann::ordered_json::array();
  for (const Bin& bin : reliability) {
    json["reliability"].push_back(
        {{"confidence", bin.confidence}, {"frequency", bin.frequency}, {"pixels", bin.pixels}});
  }
  json["classes"] = nlohmann::ordered_json::array();
  for (const ClassScore& c : classes) {
    json["classes"].push_back({{"id", c.id},
                               {"name", c.name},
                               {"f1", c.f1},
                               {"iou", c.iou},
                               {"true_positive", c.true_positive},
                               {"false_positive", c.false_positive},
                               {"false_negative", c.false_negative}});
  }
  json["prediction"] = prediction;
  json["labels"] = labels;
  json["labelled_area"] = labelled_area;
  if (!probability_raster.empty()) json["probability_raster"] = probability_raster;
  json["grid"] = grid;
  json["warnings"] = warnings;
  // Names of files and classes may hold any bytes: what is not UTF-8 is replaced.
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

Evaluation evaluate(const EvaluateOptions& options, Events& events) {
  for (const std::string& path : {options.report, options.json}) {
    if (!path.empty()) geo::require_writable(path, options.overwrite);
  }
  events.stage("reading labels");
  EvaluateInputs in = open_inputs(options, events);
  Tally tally(in.window);
  events.stage("comparing");
  compare_rows(in, tally, events);
  Evaluation scores = summarised(options, in, tally, events);
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

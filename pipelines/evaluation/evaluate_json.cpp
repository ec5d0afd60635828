// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "pipelines/evaluation/evaluate.h"

namespace scarp::pipelines {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Intervals& intervals) {
  Json json = Json::object();
  for (const auto& [key, interval] : intervals) json[key] = {interval.low, interval.high};
  return json;
}

Json to_json(const Bootstrap& bootstrap, const Evaluation& evaluation) {
  return {{"level", 0.95},
          {"blocks", bootstrap.blocks},
          {"block_side_px", evaluation.block_side_px},
          {"draws", bootstrap.draws},
          {"seed", evaluation.seed},
          {"scores", to_json(bootstrap.scores)}};
}

/// The other map's scores, and by how much the first one's are above them.
Json to_json(const Evaluation::Other& other, const Evaluation& evaluation) {
  Json json = {{"prediction", other.prediction}};
  if (!other.probability_raster.empty()) json["probability_raster"] = other.probability_raster;
  const std::map<std::string, double> own = named_scores(evaluation);
  for (const auto& [key, value] : named_scores(other.scores)) {
    json["scores"][key] = value;
    if (own.contains(key)) json["differences"][key] = own.at(key) - value;
  }
  json["difference_intervals"] = to_json(evaluation.bootstrap.differences);
  return json;
}

Json to_json(const std::vector<vector::PolygonScores>& thresholds) {
  Json list = Json::array();
  for (const vector::PolygonScores& at : thresholds) {
    Json& json = list.emplace_back(Json{{"iou", at.least_iou},
                                        {"predicted", at.predicted},
                                        {"labelled", at.labelled},
                                        {"matched", at.matched},
                                        {"precision", at.precision()},
                                        {"recall", at.recall()},
                                        {"f1", at.f1()}});
    if (at.mean_iou) json["mean_iou"] = *at.mean_iou;
    if (at.boundary_m) json["boundary_m"] = *at.boundary_m;
  }
  return list;
}

}  // namespace

std::string Evaluation::to_json() const {
  Json json = {{"f1", f1},
               {"iou", iou},
               {"miou", miou},
               {"precision", precision},
               {"recall", recall},
               {"accuracy", accuracy},
               {"ece", nullptr},
               {"boundary_f1", boundary_f1},
               {"boundary_precision", boundary_precision},
               {"boundary_recall", boundary_recall},
               {"boundary_tolerance_px", boundary_tolerance_px},
               {"miou_classes", miou_classes},
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
  json["objects_at_iou"] = pipelines::to_json(objects_at);
  if (!polygons_at.empty()) json["polygons_at_iou"] = pipelines::to_json(polygons_at);
  json["reliability"] = Json::array();
  for (const Bin& bin : reliability) {
    json["reliability"].push_back(
        {{"confidence", bin.confidence}, {"frequency", bin.frequency}, {"pixels", bin.pixels}});
  }
  json["classes"] = Json::array();
  for (const ClassScore& c : classes) {
    json["classes"].push_back({{"id", c.id},
                               {"name", c.name},
                               {"f1", c.f1},
                               {"iou", c.iou},
                               {"true_positive", c.true_positive},
                               {"false_positive", c.false_positive},
                               {"false_negative", c.false_negative}});
  }
  json["bootstrap"] = pipelines::to_json(bootstrap, *this);
  if (against) json["against"] = pipelines::to_json(*against, *this);
  json["prediction"] = prediction;
  json["labels"] = labels;
  json["labelled_area"] = labelled_area;
  if (!probability_raster.empty()) json["probability_raster"] = probability_raster;
  json["grid"] = grid;
  json["warnings"] = warnings;
  // Names of files and classes may hold any bytes: what is not UTF-8 is replaced.
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#include "pipelines/demo.h"

#include <filesystem>

#include <fmt/format.h>

#include "datasets/synthetic_scene.h"
#include "pipelines/evaluation/evaluate.h"
#include "pipelines/mapping/detect.h"

namespace scarp::pipelines {
namespace {

DetectReport map_scene(const DemoOptions& options,
                       const nn::Segmenter& segmenter,
                       Events& events,
                       std::stop_token stop) {
  DetectOptions detection;
  detection.optical = options.folder + "/hrsi.tif";
  detection.dem = options.folder + "/dem.tif";
  detection.polygons = options.folder + "/landslides.gpkg";
  detection.class_raster = options.folder + "/classes.tif";
  detection.probability_raster = options.folder + "/probability.tif";
  detection.overwrite = options.overwrite;
  return detect(detection, segmenter, events, stop);
}

Evaluation judge(const DemoOptions& options, Events& events) {
  EvaluateOptions evaluation;
  evaluation.prediction = options.folder + "/landslides.gpkg";
  evaluation.labels = options.folder + "/labels.gpkg";
  evaluation.probability_raster = options.folder + "/probability.tif";
  evaluation.background = options.folder + "/hrsi.tif";
  evaluation.dem = options.folder + "/dem.tif";
  evaluation.report = options.folder + "/report.html";
  evaluation.json = options.folder + "/metrics.json";
  evaluation.overwrite = options.overwrite;
  return evaluate(evaluation, events);
}

}  // namespace

void demo(const DemoOptions& options, const nn::Segmenter& segmenter, Events& events, std::stop_token stop) {
  std::filesystem::create_directories(options.folder);
  events.stage("making a synthetic scene");
  datasets::SyntheticOptions synthetic;
  synthetic.seed = options.seed;
  const datasets::SyntheticScene scene = datasets::make_synthetic_scene(synthetic);
  datasets::write_synthetic_scene(scene, options.folder, options.overwrite);
  const DetectReport report = map_scene(options, segmenter, events, stop);
  events.stage("comparing with the known landslides");
  const Evaluation evaluation = judge(options, events);
  events.info(fmt::format("{} landslides were planted, {} polygons found; F1 over pixels {:.2f}",
                          scene.landslides.features.size(), report.polygons, evaluation.f1));
  events.result("scene", options.folder + "/hrsi.tif");
  events.result("elevation", options.folder + "/dem.tif");
  events.result("labels", options.folder + "/labels.gpkg");
}

}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "pipelines/cli/arguments.h"
#include "pipelines/cli/commands.h"
#include "pipelines/cli/exit_code.h"
#include "pipelines/cli/stoppable_events.h"
#include "pipelines/evaluate.h"

namespace scarp::cli {

namespace {

std::string score_text(const pipelines::Evaluation& scores) {
  std::string text = fmt::format(
      "F1         {:.4f}\nIoU        {:.4f}\nmIoU       {:.4f}\nprecision  {:.4f}\nrecall     "
      "{:.4f}\naccuracy   {:.4f}\n",
      scores.f1, scores.iou, scores.miou, scores.precision, scores.recall, scores.accuracy);
  if (scores.ece >= 0) text += fmt::format("ECE        {:.4f}\n", scores.ece);
  return text + fmt::format("labelled pixels {}\n", scores.labelled_pixels);
}

class EvaluateCommand final : public Command {
 public:
  std::string name() const override { return "evaluate"; }
  std::string summary() const override { return "Score a map against labels: metrics, calibration, report"; }

  void declare(CLI::App& app) override {
    add_value(app, "prediction", options_.prediction, value::kMap,
              "Polygons (FILE[:LAYER]) or a class raster")
        ->required();
    add_value(app, "--labels", options_.labels, value::kMap,
              "Polygons (FILE[:LAYER]) or a label raster, 255 unknown")
        ->required();
    add_value(app, "--labelled-area", options_.labelled_area, value::kVector,
              "FILE[:LAYER] within which labels are complete, or all; without it: layer labelled_area of the "
              "labels' file");
    add_value(app, "--probability-raster", options_.probability_raster, value::kRaster,
              "For calibration; without it the one beside the prediction, if there is one");
    add_value(app, "--background", options_.background, value::kRaster, "Image for the report's pictures");
    add_value(app, "--dem", options_.dem, value::kRaster, "Elevation for pictures where there is no image");
    add_value(app, "-o,--output,--report", options_.report, value::kNewFile, "Report as HTML");
    add_value(app, "--json", options_.json, value::kNewFile, "Metrics as JSON");
    add_overwrite(app, options_.overwrite);
  }

  int run(const Context& context) override {
    for (const std::string& output : {options_.report, options_.json}) {
      require_other_file(output, {options_.prediction, options_.labels, options_.labelled_area,
                                  options_.probability_raster, options_.background, options_.dem});
    }
    StoppableEvents events(context.events, context.stop);
    const pipelines::Evaluation scores = pipelines::evaluate(options_, events);
    context.events.answer(score_text(scores), nlohmann::ordered_json::parse(scores.to_json()));
    return kDone;
  }

 private:
  pipelines::EvaluateOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_evaluate_command() {
  return std::make_unique<EvaluateCommand>();
}

}  // namespace scarp::cli

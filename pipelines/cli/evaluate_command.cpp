// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "pipelines/cli/arguments.h"
#include "pipelines/cli/commands.h"
#include "pipelines/cli/exit_code.h"
#include "pipelines/cli/stoppable_events.h"
#include "pipelines/evaluation/evaluate.h"

namespace scarp::cli {

namespace {

constexpr std::pair<const char*, const char*> kScores[] = {{"F1", "f1"},
                                                           {"IoU", "iou"},
                                                           {"mIoU", "miou"},
                                                           {"precision", "precision"},
                                                           {"recall", "recall"},
                                                           {"accuracy", "accuracy"},
                                                           {"boundary F1", "boundary_f1"},
                                                           {"ECE", "ece"}};

/// "  0.7812 to 0.8433", empty where it is not known.
std::string limits(const pipelines::Intervals& intervals, const char* key, bool with_sign) {
  const auto found = intervals.find(key);
  if (found == intervals.end()) return {};
  const auto [low, high] = found->second;
  return with_sign ? fmt::format("  {:+.4f} to {:+.4f}", low, high)
                   : fmt::format("  {:.4f} to {:.4f}", low, high);
}

std::string score_text(const pipelines::Evaluation& scores) {
  std::string text;
  const auto named = pipelines::named_scores(scores);
  for (const auto& [name, key] : kScores) {
    if (!named.contains(key)) continue;
    text += fmt::format("{:<12}{:.4f}{}\n", name, named.at(key), limits(scores.bootstrap.scores, key, false));
  }
  return text + fmt::format("labelled pixels {}\n", scores.labelled_pixels);
}

std::string difference_text(const pipelines::Evaluation& scores) {
  if (!scores.against) return {};
  std::string text = fmt::format("difference to {}\n", scores.against->prediction);
  const auto own = pipelines::named_scores(scores), other = pipelines::named_scores(scores.against->scores);
  for (const auto& [name, key] : kScores) {
    if (!own.contains(key) || !other.contains(key)) continue;
    text += fmt::format("{:<12}{:+.4f}{}\n", name, own.at(key) - other.at(key),
                        limits(scores.bootstrap.differences, key, true));
  }
  return text;
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
    add_value(app, "--against", options_.against, value::kMap,
              "Another map of the same ground: scores, and the paired difference with its interval");
    add_value(app, "--against-probability-raster", options_.against_probability_raster, value::kRaster,
              "Calibration of the other map; without it the one beside it, if there is one");
    declare_chance(app);
    add_value(app, "--background", options_.background, value::kRaster, "Image for the report's pictures");
    add_value(app, "--dem", options_.dem, value::kRaster, "Elevation for pictures where there is no image");
    add_value(app, "-o,--output,--report", options_.report, value::kNewFile, "Report as HTML");
    add_value(app, "--json", options_.json, value::kNewFile, "Metrics as JSON");
    add_overwrite(app, options_.overwrite);
  }

  int run(const Context& context) override {
    for (const std::string& output : {options_.report, options_.json}) {
      require_other_file(
          output, {options_.prediction, options_.labels, options_.labelled_area, options_.probability_raster,
                   options_.background, options_.dem, options_.against, options_.against_probability_raster});
    }
    StoppableEvents events(context.events, context.stop);
    const pipelines::Evaluation scores = pipelines::evaluate(options_, events);
    context.events.answer(score_text(scores) + difference_text(scores),
                          nlohmann::ordered_json::parse(scores.to_json()));
    return kDone;
  }

 private:
  void declare_chance(CLI::App& app) {
    add_value(app, "--boundary-tolerance", options_.boundary_tolerance_px, value::kInteger,
              "Pixels: outlines so near count as the same")
        ->check(between(0, 50));
    add_value(app, "--block-side", options_.block_side_px, value::kInteger,
              "Pixels: side of the squares of ground that intervals are drawn from")
        ->check(between(1, 1000000));
    add_value(app, "--draws", options_.draws, value::kInteger,
              "Draws of the bootstrap for 95 % intervals; 0: none")
        ->check(between(0, 1000000));
    add_value(app, "--seed", options_.seed, value::kInteger, "Of the bootstrap");
  }

  pipelines::EvaluateOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_evaluate_command() {
  return std::make_unique<EvaluateCommand>();
}

}  // namespace scarp::cli

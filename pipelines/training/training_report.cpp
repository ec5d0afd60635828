// SPDX-License-Identifier: Apache-2.0
#include "pipelines/training/training_report.h"

#include <algorithm>

#include <fmt/format.h>

#include "pipelines/pages/report_html.h"
#include "pipelines/training/report_focus.h"

namespace scarp::pipelines {
namespace {

CurveSeries loss_series(const std::vector<nn::TrainingEvent>& history) {
  CurveSeries series{"training", {}, {}, false};
  for (const nn::TrainingEvent& event : history) {
    series.x.push_back(static_cast<double>(event.step));
    series.y.push_back(event.loss);
  }
  return series;
}

CurveSeries validated(const std::string& name,
                      const std::vector<nn::TrainingEvent>& history,
                      double (*value)(const nn::TrainingEvent&)) {
  CurveSeries series{name, {}, {}, true};
  for (const nn::TrainingEvent& event : history) {
    if (!event.validated) continue;
    series.x.push_back(static_cast<double>(event.step));
    series.y.push_back(value(event));
  }
  return series;
}

void add_curves(HtmlReport& report, const std::vector<nn::TrainingEvent>& history) {
  CurvePlot loss{"Loss", "step", "cross entropy + Dice", {loss_series(history)}, {}, {}, false};
  const CurveSeries of_validation =
      validated("validation", history, [](const nn::TrainingEvent& e) { return e.validation_loss; });
  if (!of_validation.x.empty()) loss.series.push_back(of_validation);
  report.add_curve(loss);
  if (of_validation.x.empty()) return;
  report.add_curve(
      {"Validation",
       "step",
       "score of class 1, pooled over pixels",
       {validated("F1", history, [](const nn::TrainingEvent& e) { return e.validation[1].f1(); }),
        validated("IoU", history, [](const nn::TrainingEvent& e) { return e.validation[1].iou(); })},
       {},
       {0, 1},
       false});
}

void add_figures(HtmlReport& report, const std::vector<nn::TrainingEvent>& history) {
  std::vector<KeyFigure> figures = {{"steps", std::to_string(history.back().step), "taken"}};
  const auto last =
      std::find_if(history.rbegin(), history.rend(), [](const nn::TrainingEvent& e) { return e.validated; });
  if (last != history.rend() && last->validation.size() > 1) {
    figures.push_back(
        {"F1", fmt::format("{:.3f}", last->validation[1].f1()), "validation ground, last checkpoint"});
    figures.push_back(
        {"IoU", fmt::format("{:.3f}", last->validation[1].iou()), "validation ground, last checkpoint"});
  }
  report.add_figures(figures);
}

std::vector<std::vector<std::string>> channel_rows(const nn::ModelCard& card) {
  std::vector<std::vector<std::string>> rows;
  const auto add = [&](const std::vector<nn::ChannelSpec>& channels, const std::string& branch) {
    for (const nn::ChannelSpec& c : channels)
      rows.push_back(
          {c.name, branch, c.unit, fmt::format("{:.4g}", c.mean), fmt::format("{:.4g}", c.deviation)});
  };
  add(card.optical, "optical");
  add(card.terrain, "terrain");
  return rows;
}

}  // namespace

void write_training_report(const std::string& path,
                           const RunSettings& settings,
                           const nn::ModelCard& card,
                           const std::vector<nn::TrainingEvent>& history,
                           const nn::Focus& focus) {
  HtmlReport report(fmt::format("Training of {}", settings.name), settings.description);
  if (history.empty()) {
    report.add_paragraph("The training was already complete: no step was taken.");
  } else {
    add_figures(report, history);
    add_curves(report, history);
  }
  add_focus(report, focus);
  report.add_heading("What the network sees");
  report.add_table("Channels, and the statistics that normalise them",
                   {"channel", "branch", "unit", "mean", "deviation"}, channel_rows(card));
  report.add_heading("Scenes");
  std::vector<std::vector<std::string>> scenes;
  for (const SceneSettings& scene : settings.scenes)
    scenes.push_back({scene.paths.name, scene.paths.optical, scene.paths.dem, scene.paths.labels});
  report.add_table("Inputs", {"scene", "image", "DEM", "labels"}, scenes);
  report.write(path, true);
}

}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "pipelines/comparison/ablation_summary.h"
#include "pipelines/pages/report_file.h"
#include "pipelines/pages/report_html.h"

namespace scarp::pipelines {
namespace {

const std::vector<std::string> kHeader = {
    "configuration",         "runs",           "F1",
    "F1 of seeds",           "less reference", "IoU",
    "IoU, less reference",   "mIoU",           "AP",
    "AP, less reference",    "boundary F1",    "boundary, less reference",
    "ECE, before and after", "weights",        "processor time"};

std::string seeds_text(const AblationRow& row) {
  if (row.f1_of_seed.empty()) return "";
  const auto [low, high] = std::minmax_element(row.f1_of_seed.begin(), row.f1_of_seed.end());
  return row.f1_of_seed.size() == 1 ? fmt::format("{:.3f}", *low)
                                    : fmt::format("{:.3f} to {:.3f}", *low, *high);
}

std::string difference_text(double difference, const Interval& interval) {
  return fmt::format("{:+.3f} ({:+.3f} to {:+.3f})", difference, interval.low, interval.high);
}

std::vector<std::string> cells_of(const AblationPlan& plan, const AblationRow& row) {
  const bool compared = !plan.reference.empty() && row.name != plan.reference;
  const bool outlines = row.pooled.boundary_f1 > 0;  // other programs may not tell them
  return {row.name,
          std::to_string(row.runs),
          fmt::format("{:.3f}", row.pooled.f1),
          seeds_text(row),
          compared ? difference_text(row.f1_difference, row.f1_interval) : "",
          fmt::format("{:.3f}", row.pooled.iou),
          compared ? difference_text(row.iou_difference, row.iou_interval) : "",
          fmt::format("{:.3f}", row.pooled.miou),
          row.average_precision < 0 ? "" : fmt::format("{:.3f}", row.average_precision),
          compared && row.paired_runs > 0
              ? difference_text(row.average_precision_difference, row.average_precision_range)
              : "",
          outlines ? fmt::format("{:.3f}", row.pooled.boundary_f1) : "",
          compared && outlines ? difference_text(row.boundary_difference, row.boundary_interval) : "",
          row.ece_before < 0
              ? ""
              : fmt::format("{:.3f}, {:.3f} (T {:.2f})", row.ece_before, row.ece_after, row.temperature),
          fmt::format("{:.1f} M", static_cast<double>(row.parameters) / 1e6),
          row.cpu_seconds > 0 ? fmt::format("{:.0f} s", row.cpu_seconds) : ""};
}

std::vector<std::string> fold_header(const AblationPlan& plan) {
  std::vector<std::string> header = {"configuration"};
  for (const int fold : plan.folds) header.push_back(fold > 0 ? fmt::format("fold {}", fold) : "own split");
  return header;
}

std::vector<std::string> fold_cells(const AblationRow& row) {
  std::vector<std::string> cells = {row.name};
  for (const double f1 : row.f1_of_fold) cells.push_back(f1 < 0 ? "" : fmt::format("{:.3f}", f1));
  return cells;
}

std::string explanation(const AblationPlan& plan) {
  return fmt::format(
      "F1 and IoU of landslide, counts pooled over the blocks of all folds, threshold 0.5. \"F1 of seeds\": "
      "smallest "
      "and "
      "largest, each pooled over its folds. \"Less reference\": the difference to {} over the blocks that "
      "both "
      "have, and the 95 % interval when blocks are drawn in pairs. AP: average precision, at no threshold, "
      "mean of the runs; less reference: over pairs of runs of the same fold and seed, smallest and largest "
      "difference. Boundary F1: outline pixels within two "
      "pixels. "
      "ECE: expected calibration error of half of the blocks, before and after a temperature fitted on the "
      "other "
      "half. Processor time is the mean of a training.",
      plan.reference.empty() ? "none" : plan.reference);
}

std::string markdown_row(const std::vector<std::string>& cells) {
  return fmt::format("| {} |\n", fmt::join(cells, " | "));
}

std::string markdown_rule(std::size_t columns) {
  std::string rule = "|";
  for (std::size_t i = 0; i < columns; ++i) rule += "---|";
  return rule + "\n";
}

}  // namespace

std::string to_markdown(const AblationPlan& plan, const std::vector<AblationRow>& rows) {
  std::string text = fmt::format("# {}\n\n{}\n\n", plan.title, plan.protocol);
  text += markdown_row(kHeader) + markdown_rule(kHeader.size());
  for (const AblationRow& row : rows) text += markdown_row(cells_of(plan, row));
  text += "\n" + explanation(plan) + "\n\nF1 of each fold, over its seeds:\n\n";
  text += markdown_row(fold_header(plan)) + markdown_rule(plan.folds.size() + 1);
  for (const AblationRow& row : rows) text += markdown_row(fold_cells(row));
  return text;
}

void write_ablation_report(const std::string& path,
                           const AblationPlan& plan,
                           const std::vector<AblationRow>& rows) {
  HtmlReport report(plan.title, plan.protocol);
  std::vector<std::vector<std::string>> cells, folds;
  CurvePlot plot{"F1 of each fold", "fold", "F1 of landslide", {}, {}, {}, false};
  for (const AblationRow& row : rows) {
    cells.push_back(cells_of(plan, row));
    folds.push_back(fold_cells(row));
    CurveSeries series{row.name, {}, {}, true};
    for (std::size_t i = 0; i < row.f1_of_fold.size(); ++i) {
      if (row.f1_of_fold[i] < 0) continue;
      series.x.push_back(plan.folds[i]);
      series.y.push_back(row.f1_of_fold[i]);
    }
    if (plot.series.size() < 8) plot.series.push_back(std::move(series));
  }
  report.add_table("Configurations", kHeader, cells);
  report.add_paragraph(explanation(plan));
  report.add_curve(plot);
  report.add_table("F1 of each fold, over its seeds", fold_header(plan), folds);
  report.write(path, true);
}

}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "pipelines/pretraining/probe_scene.h"

namespace scarp::pipelines {
namespace {

struct Spread {
  double mean = 0, deviation = 0;
};

Spread spread_of(const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  Spread spread{std::accumulate(values.begin(), values.end(), 0.0) / count, 0};
  if (values.size() < 2) return spread;
  double sum = 0;
  for (const double value : values) sum += (value - spread.mean) * (value - spread.mean);
  spread.deviation = std::sqrt(sum / (count - 1));
  return spread;
}

std::vector<double> of_draws(const SceneProbeRow& row,
                             std::size_t class_below,
                             double (nn::ClassCounts::*score)() const) {
  std::vector<double> values;
  for (const auto& draw : row.draws) values.push_back((draw[class_below].*score)());
  return values;
}

}  // namespace

std::string SceneProbeResult::to_json() const {
  nlohmann::ordered_json json = {{"backbone", backbone},
                                 {"method", method},
                                 {"training_blocks", training_blocks},
                                 {"validation_blocks", validation_blocks},
                                 {"rows", nlohmann::ordered_json::array()}};
  for (const SceneProbeRow& row : rows) {
    for (std::size_t c = 0; c + 1 < classes.size(); ++c) {
      const auto iou = of_draws(row, c, &nn::ClassCounts::iou), f1 = of_draws(row, c, &nn::ClassCounts::f1);
      json["rows"].push_back({{"features", row.features},
                              {"share", row.share},
                              {"blocks", row.blocks},
                              {"class", classes[c + 1]},
                              {"iou", spread_of(iou).mean},
                              {"iou_deviation", spread_of(iou).deviation},
                              {"f1", spread_of(f1).mean},
                              {"iou_of_draws", iou}});
    }
  }
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string SceneProbeResult::to_text() const {
  std::string text = fmt::format("{} ({}): {} blocks to learn from, {} validate\n", backbone, method,
                                 training_blocks, validation_blocks);
  text += fmt::format("  {:<12}{:>8}{:>8}  {:<16}{:>8}{:>8}{:>8}\n", "features", "labels", "blocks", "class",
                      "IoU", "spread", "F1");
  for (const SceneProbeRow& row : rows) {
    for (std::size_t c = 0; c + 1 < classes.size(); ++c) {
      const Spread iou = spread_of(of_draws(row, c, &nn::ClassCounts::iou));
      text += fmt::format("  {:<12}{:>6.4g} %{:>8}  {:<16}{:>8.3f}{:>8}{:>8.3f}\n", row.features,
                          100 * row.share, row.blocks, classes[c + 1], iou.mean,
                          row.draws.size() > 1 ? fmt::format("{:.3f}", iou.deviation) : "",
                          spread_of(of_draws(row, c, &nn::ClassCounts::f1)).mean);
    }
  }
  return text;
}

}  // namespace scarp::pipelines

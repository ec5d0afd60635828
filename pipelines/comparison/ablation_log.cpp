// SPDX-License-Identifier: Apache-2.0
#include "pipelines/comparison/ablation_log.h"

#include <array>
#include <fstream>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "pipelines/error.h"

namespace scarp::pipelines {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const BlockScore& score) {
  const BinaryCounts& pixels = score.counts.pixels;
  const OutlineCounts& outline = score.counts.outline;
  return {
      {"scene", score.scene},
      {"block", score.block},
      {"counts", {pixels.true_positive, pixels.false_positive, pixels.false_negative, pixels.true_negative}},
      {"outline", {outline.predicted, outline.predicted_near, outline.labelled, outline.labelled_near}}};
}

BlockScore block_from(const Json& json) {
  BlockScore score;
  score.scene = json.at("scene").get<std::string>();
  score.block = json.at("block").get<int>();
  const auto counts = json.at("counts").get<std::array<std::int64_t, 4>>();
  score.counts.pixels = {counts[0], counts[1], counts[2], counts[3]};
  if (json.contains("outline")) {  // other programs may not give it
    const auto outline = json["outline"].get<std::array<std::int64_t, 4>>();
    score.counts.outline = {outline[0], outline[1], outline[2], outline[3]};
  }
  return score;
}

MarginHistogram margins_from(const Json& json) {
  MarginHistogram margins;
  const auto background = json.at("background").get<std::vector<std::int64_t>>();
  const auto landslide = json.at("landslide").get<std::vector<std::int64_t>>();
  if (background.size() != margins.background.size() || landslide.size() != margins.landslide.size())
    throw std::invalid_argument(fmt::format("margins need {} bins", MarginHistogram::kBins));
  margins.background = background;
  margins.landslide = landslide;
  return margins;
}

}  // namespace

std::string to_json(const AblationLog& log) {
  Json json = {{"configuration", log.configuration},
               {"fold", log.fold},
               {"seed", log.seed},
               {"settings", log.settings},
               {"parameters", log.parameters},
               {"cpu_seconds", log.cpu_seconds},
               {"blocks", Json::array()}};
  for (const BlockScore& block : log.scores.blocks) json["blocks"].push_back(json_of(block));
  for (const MarginHistogram& margins : log.scores.margins)
    json["margins"].push_back({{"background", margins.background}, {"landslide", margins.landslide}});
  return json.dump() + "\n";
}

AblationLog read_ablation_log(const std::string& file) {
  try {
    std::ifstream in(file);
    const Json json = Json::parse(in);
    AblationLog log;
    log.configuration = json.at("configuration");
    log.fold = json.at("fold");
    log.seed = json.at("seed");
    log.settings = json.value("settings", std::vector<std::string>());
    log.parameters = json.value("parameters", std::int64_t{0});
    log.cpu_seconds = json.value("cpu_seconds", 0.0);
    for (const Json& block : json.at("blocks")) log.scores.blocks.push_back(block_from(block));
    if (json.contains("margins") && json["margins"].size() == 2) {
      for (std::size_t i = 0; i < 2; ++i) log.scores.margins[i] = margins_from(json["margins"][i]);
    }
    return log;
  } catch (const std::exception& error) {
    throw Error(Fault::usage, fmt::format("{} is no log of a comparison ({}): remove it, and the run is made "
                                          "again.",
                                          file, error.what()));
  }
}

}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#include "pipelines/evaluation/evaluate_layers.h"

#include <filesystem>
#include <vector>

#include <fmt/format.h>

#include "geo/error.h"
#include "pipelines/error.h"

namespace scarp::pipelines {
namespace {

namespace fs = std::filesystem;
constexpr const char* kProvenanceLayer = "scarp_provenance";

}  // namespace

bool holds_features(const std::string& path) {
  try {
    return !geo::layer_names(geo::parse_layer_path(path).file).empty();
  } catch (const geo::Error& error) {
    if (error.fault() == geo::Fault::missing_file) throw;
    return false;
  }
}

geo::LayerPath landslide_layer(const std::string& text) {
  geo::LayerPath path = geo::parse_layer_path(text);
  if (!path.layer.empty()) return path;
  std::vector<std::string> candidates;
  for (const std::string& name : geo::layer_names(path.file)) {
    if (name == "landslides") return {path.file, name};
    if (name != kAreaLayer && name != kProvenanceLayer && name != "layer_styles") candidates.push_back(name);
  }
  if (candidates.size() != 1) {
    throw Error(Fault::contradiction,
                fmt::format("{} has {} layers that may hold the landslides ({}): say which as {}:LAYER",
                            path.file, candidates.size(), fmt::join(candidates, ", "), path.file));
  }
  path.layer = candidates.front();
  return path;
}

std::string neighbour(const std::string& file, const FileFacts& facts, const std::string& key) {
  const auto found = facts.metadata.find(key);
  if (found == facts.metadata.end() || found->second.empty()) return {};
  const fs::path path = fs::path(file).parent_path() / found->second;
  std::error_code ignored;
  if (fs::is_regular_file(path, ignored)) return path.string();
  return fs::is_regular_file(found->second, ignored) ? found->second : std::string();
}

}  // namespace scarp::pipelines

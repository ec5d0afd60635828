// SPDX-License-Identifier: Apache-2.0
#include "pipelines/mapping/model_store.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include <fmt/format.h>

#include "nn/error.h"
#include "pipelines/error.h"
#include "pipelines/mapping/detect.h"

namespace scarp::pipelines {
namespace fs = std::filesystem;
namespace {

constexpr const char* kEnding = ".safetensors";

std::string list_of(const std::vector<std::string>& words) {
  return words.empty() ? "none" : fmt::format("{}", fmt::join(words, ", "));
}

std::vector<std::string> names_in(const std::vector<std::string>& folders) {
  std::vector<std::string> names;
  for (const std::string& folder : folders) {
    std::error_code ignored;  // a folder that is not there holds no models
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
      if (entry.path().extension() == kEnding) names.push_back(entry.path().stem().string());
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

// Those that a variable lists, then the program's own.
std::vector<std::string> folders_of(const char* variable, const char* kind) {
  std::vector<std::string> folders;
  if (const char* listed = std::getenv(variable)) {
    std::stringstream stream(listed);
    for (std::string folder; std::getline(stream, folder, ':');) {
      if (!folder.empty()) folders.push_back(folder);
    }
  }
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) folders.push_back((program.parent_path().parent_path() / "share" / "scarp" / kind).string());
  return folders;
}

std::string found_in(const std::vector<std::string>& folders,
                     const std::string& name_or_path,
                     const char* what,
                     const char* variable) {
  if (fs::is_regular_file(name_or_path)) return name_or_path;
  for (const std::string& folder : folders) {
    const fs::path candidate = fs::path(folder) / (name_or_path + kEnding);
    if (fs::is_regular_file(candidate)) return candidate.string();
  }
  throw Error(Fault::no_model,
              fmt::format("No {0} '{1}': it is neither a file nor a shipped {0} (there are: {2}; looked in: "
                          "{3}). Give a path, one of these names, or a folder of {0}s in {4}.",
                          what, name_or_path, list_of(names_in(folders)), list_of(folders), variable));
}

}  // namespace

std::vector<std::string> model_folders() {
  return folders_of("SCARP_MODELS", "models");
}

std::vector<std::string> backbone_folders() {
  return folders_of("SCARP_BACKBONES", "backbones");
}

std::string find_model(const std::string& name_or_path) {
  return found_in(model_folders(), name_or_path, "model", "SCARP_MODELS");
}

std::string find_weights(const std::string& name_or_path) {
  std::vector<std::string> folders = model_folders();
  const std::vector<std::string> others = backbone_folders();
  folders.insert(folders.end(), others.begin(), others.end());
  return found_in(folders, name_or_path, "model", "SCARP_MODELS");
}

std::string find_backbone(const std::string& name_or_path) {
  return found_in(backbone_folders(), name_or_path, "backbone", "SCARP_BACKBONES");
}

std::vector<StoredModel> shipped_models() {
  std::vector<StoredModel> models;
  for (const std::string& name : names_in(model_folders())) {
    const std::string path = find_model(name);
    models.push_back({name, path, nn::read_model_card(path)});
  }
  return models;
}

StoredModel choose_model(const geo::Grid& grid, int optical_bands, bool has_dem) {
  std::vector<StoredModel> fitting;
  std::vector<std::string> reasons;
  for (StoredModel& model : shipped_models()) {
    const std::string reason = why_unfit(model.card, grid, optical_bands, has_dem, false);
    if (reason.empty()) {
      fitting.push_back(std::move(model));
    } else {
      reasons.push_back(fmt::format("{}: {}", model.name, reason));
    }
  }
  if (fitting.size() == 1) return std::move(fitting.front());
  if (fitting.size() > 1) {
    std::vector<std::string> names;
    for (const StoredModel& model : fitting) names.push_back(model.name);
    throw Error(
        Fault::no_model,
        fmt::format("Several shipped models fit this scene ({}): choose one with -m NAME.", list_of(names)));
  }
  throw Error(
      Fault::no_model,
      fmt::format(
          "No shipped model fits this scene. {} Train one for it: scarp train run.yaml -o RUNDIR (see "
          "docs/training.md), or give one with -m PATH.",
          reasons.empty() ? "There are none; looked in: " + list_of(model_folders()) + "."
                          : fmt::format("{}", fmt::join(reasons, " "))));
}

}  // namespace scarp::pipelines

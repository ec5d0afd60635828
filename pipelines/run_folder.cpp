// SPDX-License-Identifier: Apache-2.0
#include "pipelines/run_folder.h"

#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "pipelines/error.h"

namespace scarp::pipelines {
namespace fs = std::filesystem;
namespace {

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error || !fs::is_directory(folder)) {
    throw Error(Fault::unwritable,
                fmt::format("The run folder {} cannot be made ({}): choose another with -o.", folder.string(),
                            error.message()));
  }
}

}  // namespace

void RunFolder::require_free(const std::string& folder, bool resume, bool overwrite) {
  if (resume || overwrite || !fs::exists(folder + "/config.resolved.yaml")) return;
  throw Error(Fault::already_exists, fmt::format("{} already holds a run: go on with it (--resume), replace "
                                                 "it (--overwrite), or choose another folder with -o.",
                                                 folder));
}

RunFolder::RunFolder(const std::string& folder, bool resume, bool overwrite) : folder_(folder) {
  require_free(folder, resume, overwrite);
  const bool holds_run = fs::exists(config());
  make_folder(fs::path(folder) / "checkpoints");
  if (holds_run && overwrite && !resume) {
    for (const std::string& old :
         {config(), last(), best(), model(), backbone(), report(), metrics(), summary(), environment()})
      fs::remove(old);
    fs::remove_all(tensorboard());
  }
  metrics_.open(metrics(), std::ios::app);
  if (!metrics_)
    throw Error(Fault::unwritable,
                fmt::format("{} cannot be written: choose another folder with -o.", metrics()));
}

void RunFolder::log(const nn::TrainingEvent& event) {
  nlohmann::json line = {{"epoch", event.epoch},
                         {"step", event.step},
                         {"loss", event.loss},
                         {"learning_rate", event.learning_rate},
                         {"seconds_a_step", event.seconds_a_step}};
  if (event.contrast > 0) line["contrast"] = event.contrast;
  if (event.validated) {
    line["validation_loss"] = event.validation_loss;
    for (std::size_t c = 1; c < event.validation.size(); ++c) {
      line["validation"].push_back(
          {{"class", c}, {"f1", event.validation[c].f1()}, {"iou", event.validation[c].iou()}});
    }
  }
  append(line.dump());
}

void RunFolder::log(const nn::PretrainEvent& event) {
  nlohmann::ordered_json line = {{"epoch", event.epoch},
                                 {"step", event.step},
                                 {"learning_rate", event.learning_rate},
                                 {"images_a_second", event.images_a_second}};
  for (const auto& [name, value] : event.values) line[name] = value;
  append(line.dump());
}

void RunFolder::append(const std::string& line) {
  metrics_ << line << '\n' << std::flush;
  if (!metrics_)
    throw Error(Fault::unwritable, fmt::format("{} cannot be written: is the disk full?", metrics()));
}

}  // namespace scarp::pipelines

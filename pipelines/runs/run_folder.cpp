// SPDX-License-Identifier: Apache-2.0
#include "pipelines/runs/run_folder.h"

#include <filesystem>

#include <fmt/format.h>

#include "pipelines/error.h"
#include "pipelines/runs/run_history.h"

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

// A run that was killed may have left half a line.
void keep_whole_lines(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return;
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  std::error_code unwritable;                               // it is opened for writing next, which tells
  fs::resize_file(file, text.rfind('\n') + 1, unwritable);  // none: 0
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
  if (resume) keep_whole_lines(metrics());
  metrics_.open(metrics(), std::ios::app);
  if (!metrics_)
    throw Error(Fault::unwritable,
                fmt::format("{} cannot be written: choose another folder with -o.", metrics()));
}

void RunFolder::log(const nn::TrainingEvent& event) {
  append(history_line(event));
}

void RunFolder::log(const nn::PretrainEvent& event) {
  append(history_line(event));
}

void RunFolder::append(const std::string& line) {
  metrics_ << line << '\n' << std::flush;
  if (!metrics_)
    throw Error(Fault::unwritable, fmt::format("{} cannot be written: is the disk full?", metrics()));
}

}  // namespace scarp::pipelines

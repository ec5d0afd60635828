// SPDX-License-Identifier: Apache-2.0
#include "pipelines/runs/run_folder.h"

#include <filesystem>
#include <unistd.h>

#include <fmt/format.h>

#include "pipelines/error.h"
#include "pipelines/pages/report_file.h"
#include "pipelines/runs/run_history.h"

namespace scarp::pipelines {
namespace fs = std::filesystem;
namespace {

bool holds_run(const std::string& folder) {
  return fs::exists(folder + "/checkpoints/last.safetensors") || fs::exists(folder + "/summary.json");
}

// A run may look at its data for long before it makes its folder.
void require_possible(const std::string& folder) {
  fs::path there = fs::absolute(folder).lexically_normal();
  std::error_code ignored;
  while (!there.empty() && !fs::exists(there, ignored) && there != there.parent_path())
    there = there.parent_path();
  if (fs::is_directory(there, ignored) && access(there.c_str(), W_OK | X_OK) == 0) return;
  throw Error(Fault::unwritable,
              fmt::format("The run folder {} cannot be made ({} is no folder that can be written to): choose "
                          "another with -o.",
                          folder, there.string()));
}

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
  if (holds_run(folder) && !resume && !overwrite) {
    throw Error(Fault::already_exists,
                fmt::format("{} already holds a run: go on with it (--resume), replace "
                            "it (--overwrite), or choose another folder with -o.",
                            folder));
  }
  require_possible(folder);
}

RunFolder::RunFolder(const std::string& folder, bool resume, bool overwrite) : folder_(folder) {
  require_free(folder, resume, overwrite);
  goes_on_ = resume && holds_run(folder);
  make_folder(fs::path(folder) / "checkpoints");
  if (!goes_on_ && fs::exists(config())) {
    for (const std::string& old :
         {config(), last(), best(), model(), backbone(), report(), metrics(), summary(), environment()})
      fs::remove(old);
    fs::remove_all(tensorboard());
  }
  if (goes_on_) keep_whole_lines(metrics());
  metrics_.open(metrics(), std::ios::app);
  if (!metrics_)
    throw Error(Fault::unwritable,
                fmt::format("{} cannot be written: choose another folder with -o.", metrics()));
}

void RunFolder::log(const nn::TrainingEvent& event) {
  append(event.step, history_line(event));
}

void RunFolder::log(const nn::PretrainEvent& event) {
  append(event.step, history_line(event));
}

void RunFolder::append(std::int64_t step, const std::string& line) {
  if (goes_on_ && !taken_up_) take_up(step);
  metrics_ << line << '\n' << std::flush;
  if (!metrics_)
    throw Error(Fault::unwritable, fmt::format("{} cannot be written: is the disk full?", metrics()));
}

void RunFolder::take_up(std::int64_t step) {
  taken_up_ = true;
  metrics_.close();
  write_text_file(metrics(), lines_before(metrics(), step), true);
  metrics_.open(metrics(), std::ios::app);
}

}  // namespace scarp::pipelines

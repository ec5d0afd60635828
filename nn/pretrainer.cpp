// SPDX-License-Identifier: Apache-2.0
#include "nn/pretrainer.h"

#include <filesystem>
#include <stdexcept>

#include "nn/error.h"
#include "nn/pretraining/pretraining_run.h"
#include "nn/torch/errors.h"
#include "nn/training/training_thread.h"

namespace scarp::nn {
namespace {

PretrainOptions resolved_options(const PretrainOptions& options) {
  try {
    options.check();
  } catch (const std::invalid_argument& error) {
    throw Error(Fault::bad_argument, error.what());
  }
  return options.resolved();
}

void check_pretraining(const PretrainTask& task) {
  try {
    task.resolved.check();
    task.card.check();
  } catch (const std::invalid_argument& error) {
    throw Error(Fault::bad_argument, error.what());
  }
  const bool two = !task.card.optical.empty() && !task.card.terrain.empty();
  if (task.card.grouped && !(two && task.resolved.method == PretrainMethod::mae))
    throw Error(Fault::bad_argument, "groups of channels are there for mae of optical and terrain alone");
  if (task.windows.side() < task.card.side_px) {
    throw Error(Fault::bad_argument, "the windows have " + std::to_string(task.windows.side()) +
                                         " pixels a side, fewer than the " +
                                         std::to_string(task.card.side_px) + " of the network");
  }
}

bool pretraining_is_there(const PretrainFiles& files) {
  const bool there = !files.last.empty() && std::filesystem::exists(files.last);
  if (there && !files.resume) {
    throw Error(Fault::already_exists, files.last + " is already there: resume it, or choose another folder");
  }
  return there;
}

}  // namespace

void pretrain(const BackboneCard& card,
              const PretrainOptions& options,
              WindowSource& windows,
              const PretrainFiles& files,
              const std::function<void(const PretrainEvent&)>& on_event,
              std::stop_token stop) {
  const std::function<void(const PretrainEvent&)> silent = [](const PretrainEvent&) {};
  const PretrainOptions resolved = resolved_options(options);
  const PretrainTask task{card, resolved, windows, files, on_event ? on_event : silent};
  check_pretraining(task);
  const bool resumes = pretraining_is_there(files);
  with_our_errors("pretraining", [&] {
    const TrainingThread thread(resolved.threads);
    PretrainingRun run(task);
    if (resumes) run.resume();
    run.run(stop);
  });
}

}  // namespace scarp::nn

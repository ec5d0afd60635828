// SPDX-License-Identifier: Apache-2.0
#include "nn/learner.h"

#include <filesystem>

#include "nn/error.h"
#include "nn/torch/errors.h"
#include "nn/training/training_run.h"
#include "nn/training/training_thread.h"

namespace scarp::nn {

namespace {

void check_source(const SampleSource& source, const ModelCard& card, const std::string& which) {
  const int step = 32 * card.network.input_stride;
  if (source.side() >= step && source.side() % step == 0) return;
  throw Error(Fault::bad_argument, which + " samples have " + std::to_string(source.side()) +
                                       " pixels a side: this network needs a multiple of " +
                                       std::to_string(step));
}

void check_task(const TrainingTask& task) {
  task.options.check();
  task.card.network.check();
  try {
    static_cast<void>(
        ModelCard::from_json(task.card.to_json()));  // the checkpoints could not be read otherwise
  } catch (const Error& error) {
    throw Error(Fault::bad_argument, std::string("this model cannot be trained: ") + error.what());
  }
  const std::size_t weights = task.options.class_weights.size();
  if (weights != 0 && weights != task.card.classes.size()) {
    throw Error(Fault::bad_argument, "training.class_weights has " + std::to_string(weights) +
                                         " values for " + std::to_string(task.card.classes.size()) +
                                         " classes: give one a class, or none");
  }
  check_source(task.samples, task.card, "training");
  if (task.validation != nullptr) check_source(*task.validation, task.card, "validation");
}

bool is_there(const std::string& path) {
  return !path.empty() && std::filesystem::exists(path);
}

/// There is nothing to resume before the first checkpoint; a run that is not resumed overwrites none.
bool has_checkpoint(const TrainingFiles& files) {
  if (files.resume) return is_there(files.last);
  for (const std::string& path : {files.last, files.best}) {
    if (is_there(path))
      throw Error(Fault::already_exists, path + " is already there: resume it, or choose another folder");
  }
  return false;
}

}  // namespace

void train(const ModelCard& card,
           const TrainingOptions& options,
           SampleSource& samples,
           SampleSource* validation,
           const TrainingFiles& files,
           const std::function<void(const TrainingEvent&)>& on_event,
           std::stop_token stop) {
  const std::function<void(const TrainingEvent&)> silent = [](const TrainingEvent&) {};
  const TrainingTask task{card, options, samples, validation, files, on_event ? on_event : silent};
  check_task(task);
  const bool resumes = has_checkpoint(files);
  with_our_errors("training", [&] {
    const TrainingThread thread(options.threads);
    TrainingRun run(task);
    if (resumes) run.resume();
    run.run(stop);
  });
}

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include "nn/pretrainer.h"

#include <filesystem>
#include <stdexcept>

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include "nn/error.h"
#include "nn/pretraining/pretraining_run.h"
#include "nn/torch/errors.h"

namespace scarp::nn {
namespace {

/// The state of the calling thread, put back afterwards: a worker of a pool goes on as it was.
class PretrainingThread {
 public:
  explicit PretrainingThread(int threads) : before_(at::get_num_threads()) {
    set_up_worker_thread(threads);
    at::globalContext().setDeterministicCuDNN(true);  // without effect where there is no GPU
    at::globalContext().setBenchmarkCuDNN(false);
  }
  ~PretrainingThread() { at::set_num_threads(before_); }
  PretrainingThread(const PretrainingThread&) = delete;
  PretrainingThread& operator=(const PretrainingThread&) = delete;

 private:
  int before_;
};

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
  options.check();
  const PretrainOptions resolved = options.resolved();
  const PretrainTask task{card, resolved, windows, files, on_event ? on_event : silent};
  check_pretraining(task);
  const bool resumes = pretraining_is_there(files);
  with_our_errors("pretraining", [&] {
    const PretrainingThread thread(resolved.threads);
    PretrainingRun run(task);
    if (resumes) run.resume();
    run.run(stop);
  });
}

}  // namespace scarp::nn

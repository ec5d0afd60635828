// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include "nn/device.h"

namespace scarp::nn {

/// Sets the calling thread up for a training, and puts the number of its threads back afterwards: a worker of
/// a pool goes on as it was. Of GPUs, kernels that give the same answer every time are asked for from now on.
class TrainingThread {
 public:
  explicit TrainingThread(int threads) : before_(at::get_num_threads()) {
    set_up_worker_thread(threads);
    at::globalContext().setDeterministicCuDNN(true);  // without effect where there is no GPU
    at::globalContext().setBenchmarkCuDNN(false);
  }
  ~TrainingThread() { at::set_num_threads(before_); }
  TrainingThread(const TrainingThread&) = delete;
  TrainingThread& operator=(const TrainingThread&) = delete;

 private:
  int before_;
};

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <fstream>
#include <string>

#include "nn/learner.h"
#include "nn/pretrainer.h"

namespace scarp::pipelines {

/// The folder of a training run and the files in it.
class RunFolder {
 public:
  /// Looks before anything is read; a folder holds a run once there is a checkpoint.
  /// @throws Error (already_exists) if it holds one and neither `resume` nor `overwrite` is said;
  /// (unwritable) if nothing can be written there
  static void require_free(const std::string& folder, bool resume, bool overwrite);

  /// Makes the folder, or takes up the run that is there. What a run left that ended before its first
  /// checkpoint is removed.
  /// @throws Error (already_exists) if it holds a run and neither `resume` nor `overwrite` is said;
  /// (unwritable)
  RunFolder(const std::string& folder, bool resume, bool overwrite);

  /// A run was begun here that goes on.
  bool goes_on() const { return goes_on_; }

  std::string config() const { return folder_ + "/config.resolved.yaml"; }
  std::string last() const { return folder_ + "/checkpoints/last.safetensors"; }
  std::string best() const { return folder_ + "/checkpoints/best.safetensors"; }
  std::string tensorboard() const { return folder_ + "/tensorboard"; }
  std::string environment() const { return folder_ + "/environment.json"; }
  std::string summary() const { return folder_ + "/summary.json"; }
  std::string backbone() const { return folder_ + "/backbone.safetensors"; }
  std::string model() const { return folder_ + "/model.safetensors"; }
  std::string report() const { return folder_ + "/report.html"; }
  std::string metrics() const { return folder_ + "/metrics.jsonl"; }

  /// Appends one line to metrics.jsonl and hands it to the disk. Of a run that goes on, lines of this step
  /// and later ones, logged behind its last checkpoint, are taken away first.
  void log(const nn::TrainingEvent& event);
  void log(const nn::PretrainEvent& event);

 private:
  void append(std::int64_t step, const std::string& line);
  void take_up(std::int64_t step);

  std::string folder_;
  bool goes_on_ = false, taken_up_ = false;
  std::ofstream metrics_;
};

}  // namespace scarp::pipelines

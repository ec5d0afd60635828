// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <string>

#include "nn/learner.h"
#include "nn/pretrainer.h"

namespace scarp::pipelines {

/// The folder of a training run and the files in it.
class RunFolder {
 public:
  /// Looks before anything is read. @throws Error (already_exists) if the folder holds a run and neither
  /// `resume` nor `overwrite` is said
  static void require_free(const std::string& folder, bool resume, bool overwrite);

  /// Makes the folder, or takes up the run that is there.
  /// @throws Error (already_exists) if it holds a run and neither `resume` nor `overwrite` is said;
  /// (unwritable)
  RunFolder(const std::string& folder, bool resume, bool overwrite);

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

  /// Appends one line to metrics.jsonl and hands it to the disk.
  void log(const nn::TrainingEvent& event);
  void log(const nn::PretrainEvent& event);

 private:
  void append(const std::string& line);

  std::string folder_;
  std::ofstream metrics_;
};

}  // namespace scarp::pipelines

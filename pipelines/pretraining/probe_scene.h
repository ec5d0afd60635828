// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "nn/learner.h"
#include "pipelines/events.h"

namespace scarp::pipelines {

/// What a frozen backbone's patches say of labelled ground, with few labels and with many.
struct SceneProbeOptions {
  std::string backbone;
  std::string run_file;  ///< its scenes, classes and validation count; channels are those of the backbone
  std::vector<std::string> settings;                  ///< over it
  std::vector<double> shares = {0.01, 0.05, 0.1, 1};  ///< of the training blocks, 0 < share <= 1
  int draws = 3;                                      ///< of each share below 1
  bool baselines = false;  ///< also an untrained network of the same shape, and bare pixels
  std::uint64_t seed = 1;  ///< of the draws
  int threads = 1;
  std::string device = "auto";
};

/// Scores of one share of the labels: counts of every class but the first, pooled over the pixels of the
/// ground that validates, one set a draw.
struct SceneProbeRow {
  std::string features;  ///< "pretrained", "untrained", "pixels"
  double share = 1;
  std::int64_t blocks = 0;                          ///< that were learnt from
  std::vector<std::vector<nn::ClassCounts>> draws;  ///< [draw][class - 1]
};

struct SceneProbeResult {
  std::string backbone, method;
  std::int64_t training_blocks = 0, validation_blocks = 0;
  std::vector<std::string> classes;  ///< background first
  std::vector<SceneProbeRow> rows;
  std::string to_json() const;
  std::string to_text() const;  ///< a table for people
};

/// A multinomial logistic regression from the features of a patch to its shares of the classes; its chances
/// are interpolated between patches (bilinear) and held against the labels pixel by pixel. The blocks of a
/// smaller share lie within those of a larger one of the same draw.
/// @throws Error (usage, contradiction, cancelled), geo::Error, datasets::Error, nn::Error, nn::FormatError
SceneProbeResult probe_scene(const SceneProbeOptions& options, Events& events, std::stop_token stop);

}  // namespace scarp::pipelines

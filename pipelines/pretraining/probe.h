// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "pipelines/events.h"

namespace scarp::pipelines {

/// What a backbone's features are worth on pictures whose folder is their class.
struct ProbeOptions {
  std::string backbone;
  std::string images;  ///< folder of folders
  std::string
      test_images;  ///< the same of test pictures; empty: a share of `images`, the same of every class
  double test_share = 0.25;
  std::vector<int> shots = {1, 2, 5, 10};  ///< labels a class
  int draws = 3;                           ///< of each
  int neighbours = 20;
  double temperature = 0.07;  ///< of their votes
  bool baselines = false;     ///< also an untrained network of the same shape, and bare pixels
  bool fine_tune = false;     ///< also fine-tuning, in full and of the last block
  int epochs = 20;            ///< of fine-tuning
  double layer_decay = 0.75;
  double learning_rate = 1e-3;
  std::uint64_t seed = 1;  ///< of the split, the draws, fine-tuning
  int threads = 1;
  std::string device = "auto";
};

/// Accuracies of one protocol.
struct ProbeRow {
  std::string features;  ///< "pretrained", "untrained", "pixels"
  std::string protocol;  ///< "nearest neighbours", "linear", "low-shot", "fine-tuned", "last block tuned"
  int shots = 0;         ///< labels a class; 0: all
  std::vector<double> draws;
  double mean() const;
  double deviation() const;  ///< of the draws (n - 1); 0 for one
};

struct ProbeResult {
  std::string backbone, method;
  std::int64_t classes = 0, known = 0, tested = 0;
  std::vector<ProbeRow> rows;
  std::string to_json() const;
  std::string to_text() const;  ///< a table for people
};

/// @throws Error (usage, contradiction, cancelled), nn::Error, nn::FormatError
ProbeResult probe_backbone(const ProbeOptions& options, Events& events, std::stop_token stop);

}  // namespace scarp::pipelines

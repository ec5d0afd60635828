// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "nn/segmenter.h"
#include "pipelines/events.h"

namespace scarp::pipelines {

struct CalibrateOptions {
  std::string model;                  ///< file
  std::string run_file;               ///< that it was trained with: its validation blocks are taken
  std::vector<std::string> settings;  ///< "key.path=value", over the file
  std::string output;                 ///< the same weights with another temperature
  bool overwrite = false;
  nn::SegmenterOptions network;
};

/// Fits the temperature of a model that is there on the validation blocks of a run file, and writes a copy of
/// the model that holds it.
/// @throws Error (usage, contradiction: the run file has other channels or classes than the model, or no
/// labelled validation block; cancelled), nn::Error, geo::Error, datasets::Error
void calibrate_model(const CalibrateOptions& options, Events& events, std::stop_token stop);

}  // namespace scarp::pipelines

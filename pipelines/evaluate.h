// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pipelines/events.h"

namespace scarp::pipelines {

struct EvaluateOptions {
  std::string prediction;          ///< polygons (FILE[:LAYER]) or a class raster
  std::string labels;              ///< polygons (FILE[:LAYER]) or a label raster, 255 unknown
  std::string labelled_area;       ///< FILE[:LAYER], "all", or empty: layer labelled_area of the labels' file
  std::string probability_raster;  ///< for calibration; empty: the one that the class raster or polygons
                                   ///< name, if it is there
  std::string background;          ///< optical raster for pictures, may be empty
  std::string dem;                 ///< elevation for pictures where there is no background, may be empty
  std::string report;              ///< HTML, may be empty
  std::string json;                ///< may be empty
  bool overwrite = false;
};

/// Pooled over all labelled pixels, class "landslide" (any class id but 0) against background.
struct Evaluation {
  std::int64_t true_positive = 0, false_positive = 0, false_negative = 0, true_negative = 0;
  double f1 = 0, iou = 0, miou = 0, precision = 0, recall = 0, accuracy = 0;
  double ece = -1;  ///< expected calibration error, 15 bins; < 0: no probabilities were given
  struct Bin {
    double confidence = 0;  ///< mean probability
    double frequency = 0;   ///< share of landslide pixels
    std::int64_t pixels = 0;
  };
  std::vector<Bin> reliability;
  std::int64_t labelled_pixels = 0;
  std::string to_json() const;
};

Evaluation evaluate(const EvaluateOptions& options, Events& events);

}  // namespace scarp::pipelines

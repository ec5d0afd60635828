// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "geo/grid.h"
#include "pipelines/evaluation/evaluate.h"
#include "pipelines/evaluation/evaluate_metadata_gdal.h"
#include "pipelines/evaluation/evaluate_sampler.h"

namespace scarp::pipelines {

/// Probabilities of landslide from a raster: bytes as value / 254 or as the file scales them, floats as they
/// are.
class ProbabilityReader {
 public:
  /// @throws Error (contradiction), geo::Error
  ProbabilityReader(const std::string& path, const geo::Grid& grid);
  /// @param probability [rows, cols] 0..1; @param valid 0 where there is none
  /// @throws Error (contradiction) for a value outside 0..1
  void read(const geo::Window& window, std::vector<float>& probability, std::vector<std::uint8_t>& valid);

 private:
  GridSampler sampler_;
  double scale_ = 1;
  double offset_ = 0;
};

/// A map and its labels, opened on one grid.
struct EvaluateInputs {
  geo::Grid grid;
  std::string grid_of;  ///< where the grid is from, for people
  geo::Window window;   ///< of the grid: all labelled pixels lie in it
  std::unique_ptr<ClassReader> prediction;
  std::unique_ptr<ClassReader> labels;
  std::unique_ptr<ProbabilityReader> probability;  ///< may be null
  std::string labelled_area;       ///< as it was found: FILE:LAYER, "all", or that the label raster says it
  std::string probability_raster;  ///< path, may be empty
  std::string background;          ///< path, may be empty
  std::map<int, std::string> class_names;
  FileFacts facts;  ///< of the prediction
};

/// Another map of the same ground, on the same grid.
struct OtherMap {
  std::unique_ptr<ClassReader> prediction;
  std::unique_ptr<ProbabilityReader> probability;  ///< may be null
  std::string probability_raster;                  ///< path, may be empty
};

/// Opens the map options.against on the grid of the first.
/// @throws Error (contradiction), geo::Error
OtherMap open_other_map(const EvaluateOptions& options, const geo::Grid& grid);

/// Opens everything. The grid is, in this order: that of a class raster; of a label raster; of the
/// background; of the probability raster; of the optical raster that the polygons' provenance names, if it is
/// there; one made over the ground to be compared, with twenty pixels along the side of a square as large as
/// the mean labelled polygon, and 256 to 20000 pixels along the longer side: that is told as a warning.
/// @throws Error (contradiction, usage), datasets::Error, geo::Error
EvaluateInputs open_inputs(const EvaluateOptions& options, Events& events);

}  // namespace scarp::pipelines

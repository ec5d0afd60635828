// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pipelines/evaluation/evaluate_bootstrap.h"
#include "pipelines/events.h"
#include "pipelines/vector/polygon_match.h"

namespace scarp::pipelines {

struct EvaluateOptions {
  std::string prediction;     ///< polygons (FILE[:LAYER]) or a class raster
  std::string labels;         ///< polygons (FILE[:LAYER]) or a label raster, 255 unknown
  std::string labelled_area;  ///< FILE[:LAYER], "all", or empty: layer labelled_area of the labels' file, or
                              ///< a label raster's 255
  std::string probability_raster;  ///< for calibration; empty: the one that the class raster or polygons
                                   ///< name, if it is there
  std::string background;  ///< optical raster or DEM for pictures; empty: the optical raster that the map
                           ///< names, if it is there
  std::string dem;         ///< elevation for pictures where there is no background, may be empty
  std::string report;      ///< HTML, may be empty
  std::string json;        ///< may be empty
  bool overwrite = false;
  std::string against;  ///< another map of the same ground, may be empty; only pixels that both know count
  std::string against_probability_raster;  ///< as probability_raster, for the other map
  int boundary_tolerance_px = 2;           ///< outlines so near are the same, 0 to 50
  int block_side_px = 128;                 ///< squares of ground that intervals are drawn from
  int draws = 1000;                        ///< of the bootstrap; 0: no intervals
  std::uint64_t seed = 1;                  ///< of the bootstrap
};

/// Pooled over all labelled pixels that the map knows, class "landslide" (any class id but 0) against
/// background. Ratios without a denominator (no landslide in map and labels) are 0, and a warning says so: no
/// number is ever NaN.
struct Evaluation : MapScores {
  std::int64_t true_positive = 0, false_positive = 0, false_negative = 0, true_negative = 0;
  struct Bin {
    double confidence = 0;  ///< mean probability
    double frequency = 0;   ///< share of landslide pixels
    std::int64_t pixels = 0;
  };
  std::vector<Bin> reliability;
  OutlineCounts outline;             ///< pixels of both outlines, those within the tolerance
  Bootstrap bootstrap;               ///< what chance in the choice of the ground leaves open, 95 %
  std::int64_t labelled_pixels = 0;  ///< counted: label and prediction are known
  std::int64_t unmapped_pixels = 0;  ///< the label is known and the map has no data: left out of all counts
  /// Connected objects (pixels that share a side, as seen within the labelled area) whose IoU with one of the
  /// other side is >= 0.5.
  struct Objects {
    std::int64_t predicted = 0, labelled = 0, matched = 0;
    double f1 = 0;
  } objects;
  std::vector<vector::PolygonScores> objects_at;   ///< the same at several thresholds of IoU, see kMatchIous
  std::vector<vector::PolygonScores> polygons_at;  ///< of polygons as they are in their files, with boundary
                                                   ///< distances; empty unless map and labels are polygons
  /// One entry a class id but 0 that occurs, against all others.
  struct ClassScore {
    int id = 0;
    std::string name;  ///< of the label or prediction polygons; may be empty
    std::int64_t true_positive = 0, false_positive = 0, false_negative = 0;
    double f1 = 0, iou = 0;
  };
  std::vector<ClassScore> classes;
  double miou_classes = 0;  ///< mean IoU of background and of each class that occurs; miou if there is one
  /// The map that this one was held against, on the same pixels; differences are in `bootstrap`.
  struct Other {
    std::string prediction, probability_raster;
    MapScores scores;
  };
  std::optional<Other> against;
  int boundary_tolerance_px = 0, block_side_px = 0;  ///< as asked for
  std::uint64_t seed = 0;
  std::string prediction, labels, labelled_area,
      probability_raster;  ///< inputs as used; the last may be empty
  std::string grid;        ///< on which pixels, in words
  std::vector<std::string> warnings;
  /// One object, keys as the members; `ece` is null without probabilities, `objects` is flattened to
  /// polygons_*, intervals are pairs [low, high].
  std::string to_json() const;
};

/// Compares a map with labels, and with another map where asked, in blocks of rows, so that memory grows with
/// the width of the scene and the number of objects, and writes the report and the metrics that are asked
/// for. Calibration: 15 bins of equal width of p(landslide) over the labelled pixels.
/// @throws Error (contradiction, usage, unwritable), geo::Error
Evaluation evaluate(const EvaluateOptions& options, Events& events);

}  // namespace scarp::pipelines

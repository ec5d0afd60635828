// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "geo/features.h"

namespace scarp::vector {

/// Two polygons, one of each side, that overlap.
struct PolygonPair {
  std::size_t predicted = 0;
  std::size_t labelled = 0;
  double iou = 0;  ///< intersection over union, more than 0
};

/// All pairs that overlap, in the order of the predicted, then of the labelled. Polygons that are not valid
/// are made valid first; areas are those of map units, whose scale the ratio does not see.
/// @throws Error (invalid) if an overlap cannot be computed
std::vector<PolygonPair> overlapping_pairs(std::span<const geo::Feature> predicted,
                                           std::span<const geo::Feature> labelled);

/// How much of each polygon lies within areas that do not overlap each other: 0 to 1.
/// @throws Error (invalid)
std::vector<double> covered_shares(std::span<const geo::Feature> polygons,
                                   std::span<const geo::Feature> areas);

/// The most pairs with an IoU of at least `least_iou` in which no polygon is twice (augmenting paths, Kuhn
/// 1955; pairs with greater IoU are tried first). From one half on, there is one answer unless polygons of
/// one side overlap each other.
std::vector<PolygonPair> best_pairs(std::span<const PolygonPair> pairs, double least_iou);

/// Length of map units in metres.
struct MetresPerUnit {
  double x = 1;
  double y = 1;
};

/// The mean distance of two boundaries, holes included, in metres: from points that are equally far apart
/// along one to the nearest of the other, and the other way round; the mean of both ways.
double boundary_distance_m(const geo::Feature& a, const geo::Feature& b, const MetresPerUnit& metres);

struct PolygonScores {
  double least_iou = 0;
  std::int64_t predicted = 0;
  std::int64_t labelled = 0;
  std::int64_t matched = 0;
  std::optional<double> mean_iou;    ///< of matched pairs; empty without any
  std::optional<double> boundary_m;  ///< mean boundary distance of matched pairs; empty without any

  double precision() const;  ///< matched / predicted; 0 without any
  double recall() const;     ///< matched / labelled; 0 without any
  double f1() const;         ///< 2 matched / (predicted + labelled); 0 without any
};

/// Counts and mean IoU of matched pairs.
PolygonScores scores_of(std::span<const PolygonPair> matched,
                        double least_iou,
                        std::int64_t predicted,
                        std::int64_t labelled);

/// One entry a threshold of IoU.
/// @param crs  of both sides
std::vector<PolygonScores> match_polygons(std::span<const geo::Feature> predicted,
                                          std::span<const geo::Feature> labelled,
                                          std::span<const double> thresholds,
                                          const geo::Crs& crs);

}  // namespace scarp::vector

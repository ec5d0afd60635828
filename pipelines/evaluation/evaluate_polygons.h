// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <vector>

#include "pipelines/vector/polygon_match.h"

namespace scarp::pipelines {

/// Thresholds of IoU at which objects and polygons are matched.
inline constexpr std::array<double, 3> kMatchIous = {0.3, 0.5, 0.7};

/// Matches the polygons of two files as they are, not as pixels; those of class 0 are left out. Only those
/// count of which at least half lies within the labelled area.
/// @param prediction, labels  FILE[:LAYER]
/// @param labelled_area       FILE[:LAYER], or "all"
/// @return one entry a threshold of kMatchIous
/// @throws Error (contradiction), geo::Error, vector::Error
std::vector<vector::PolygonScores> evaluate_polygons(const std::string& prediction,
                                                     const std::string& labels,
                                                     const std::string& labelled_area);

}  // namespace scarp::pipelines

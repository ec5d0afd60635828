// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "geo/grid.h"

namespace scarp::geo {

/// Closed: first point = last point.
using Ring = std::vector<MapPoint>;

struct Polygon {
  Ring outer;
  std::vector<Ring> holes;
};

/// One labelled object; several polygons where it is a multipolygon.
struct Feature {
  std::vector<Polygon> parts;
  int class_id = 1;
  std::string class_name;
};

struct FeatureLayer {
  std::string name;
  Crs crs;
  std::vector<Feature> features;
};

}  // namespace scarp::geo

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "geo/crs.h"
#include "geo/features.h"

namespace scarp::geo {

/// Area and perimeter of polygons on the CRS's own ellipsoid (Karney 2013, through PROJ's geodesic routines).
class GeodesicMeasure {
 public:
  explicit GeodesicMeasure(const Crs& crs);

  struct Size {
    double area_m2 = 0;
    double perimeter_m = 0;  ///< outer ring and holes
  };
  Size measure(const Polygon& polygon) const;

 private:
  Ellipsoid ellipsoid_;
  MapTransform to_geographic_;
};

/// The geographic CRS (degrees) on the same ellipsoid and datum as `crs`.
Crs geographic_base(const Crs& crs);

}  // namespace scarp::geo

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>

#include "geo/crs.h"
#include "geo/features.h"

namespace scarp::geo {

/// Area and perimeter of polygons whose edges are geodesics on the CRS's own ellipsoid (Karney 2013). Short
/// edges, and those of pixels are, are measured by series in patches of the map that are fitted once, which
/// costs some tens of nanoseconds an edge; long ones, and those at poles and seams of a projection, by PROJ's
/// geodesic routines. Both agree to 1e-9. Not for use by two threads at once.
class GeodesicMeasure {
 public:
  explicit GeodesicMeasure(const Crs& crs);
  ~GeodesicMeasure();
  GeodesicMeasure(GeodesicMeasure&&) noexcept;
  GeodesicMeasure& operator=(GeodesicMeasure&&) noexcept;

  struct Size {
    double area_m2 = 0;
    double perimeter_m = 0;  ///< outer ring and holes
  };
  Size measure(const Polygon& polygon) const;
  /// @param ring  closed: first point = last point
  Size measure_ring(std::span<const MapPoint> ring) const;

 private:
  struct Patches;
  std::unique_ptr<Patches> patches_;
};

/// The geographic CRS (degrees) on the same ellipsoid and datum as `crs`.
Crs geographic_base(const Crs& crs);

}  // namespace scarp::geo

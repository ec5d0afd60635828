// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <vector>

#include <geodesic.h>

#include "geo/geodesic.h"

namespace scarp::geo {
namespace {

struct RingSize {
  double area_m2 = 0;
  double perimeter_m = 0;
};

RingSize measure_ring(const Ring& ring, const MapTransform& to_geographic, const geod_geodesic& geodesic) {
  if (ring.size() < 4) return {};
  std::vector<double> longitude;
  std::vector<double> latitude;
  // The last point repeats the first; the routine closes the ring itself.
  for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
    longitude.push_back(ring[i].x);
    latitude.push_back(ring[i].y);
  }
  to_geographic.apply(longitude, latitude);
  geod_polygon polygon;
  geod_polygon_init(&polygon, 0);
  for (std::size_t i = 0; i < longitude.size(); ++i) {
    geod_polygon_addpoint(&geodesic, &polygon, latitude[i], longitude[i]);
  }
  RingSize size;
  geod_polygon_compute(&geodesic, &polygon, 0, 1, &size.area_m2, &size.perimeter_m);
  size.area_m2 = std::abs(size.area_m2);
  return size;
}

}  // namespace

GeodesicMeasure::GeodesicMeasure(const Crs& crs)
    : ellipsoid_(crs.ellipsoid()), to_geographic_(crs, geographic_base(crs)) {}

GeodesicMeasure::Size GeodesicMeasure::measure(const Polygon& polygon) const {
  geod_geodesic geodesic;
  const double flattening = ellipsoid_.inverse_flattening == 0 ? 0 : 1 / ellipsoid_.inverse_flattening;
  geod_init(&geodesic, ellipsoid_.semi_major_m, flattening);
  const RingSize outer = measure_ring(polygon.outer, to_geographic_, geodesic);
  Size size{outer.area_m2, outer.perimeter_m};
  for (const Ring& hole : polygon.holes) {
    const RingSize inner = measure_ring(hole, to_geographic_, geodesic);
    size.area_m2 -= inner.area_m2;
    size.perimeter_m += inner.perimeter_m;
  }
  return size;
}

}  // namespace scarp::geo

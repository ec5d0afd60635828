// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/geojson_places.h"

#include <cmath>

#include <fmt/format.h>

#include "geo/geodesic.h"
#include "pipelines/vector/error.h"

namespace scarp::vector {

bool geojson_transforms(const geo::Crs& crs, const std::string& path) {
  if (!crs.known()) {
    throw Error(
        Fault::bad_argument,
        fmt::format("'{}' cannot be GeoJSON, which is in longitude and latitude: the CRS of the polygons "
                    "is unknown; write a GeoPackage (.gpkg) or FlatGeobuf (.fgb)",
                    path));
  }
  constexpr double kEarthRadiusM = 6.37e6;
  return std::abs(crs.ellipsoid().semi_major_m / kEarthRadiusM - 1) < 0.01;
}

PlanetDegrees::PlanetDegrees(const geo::Crs& crs, VectorWriterOptions& options)
    : to_degrees_(crs, geo::geographic_base(crs)) {
  const geo::Ellipsoid body = crs.ellipsoid();
  options.provenance["coordinates"] = fmt::format(
      "longitude and latitude in degrees of '{}', on an ellipsoid of {} m with inverse flattening {}: "
      "not of WGS 84, not on Earth",
      geo::geographic_base(crs).name(), body.semi_major_m, body.inverse_flattening);
}

ShapeView PlanetDegrees::of(const ShapeView& shape) {
  x_.clear();
  y_.clear();
  points_.clear();
  for (const geo::MapPoint& point : shape.points) {
    x_.push_back(point.x);
    y_.push_back(point.y);
  }
  to_degrees_.apply(x_, y_);
  for (std::size_t i = 0; i < x_.size(); ++i) points_.push_back({x_[i], y_[i]});
  return {points_, shape.ring_ends, shape.part_ends};
}

}  // namespace scarp::vector

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "geo/crs.h"
#include "pipelines/vector/vector_writer.h"

namespace scarp::vector {

/// Whether GDAL brings polygons of this CRS into the longitude and latitude of WGS 84 that GeoJSON is in
/// (RFC 7946, section 4): those on Earth.
/// @throws Error (bad_argument) if the CRS is unknown, naming `path`
bool geojson_transforms(const geo::Crs& crs, const std::string& path);

/// Of other planets there is no WGS 84: GeoJSON then holds degrees on the planet's own body, and says so.
class PlanetDegrees {
 public:
  /// @param options  gets an entry `coordinates` in its provenance: which degrees they are
  PlanetDegrees(const geo::Crs& crs, VectorWriterOptions& options);

  /// The shape in degrees, valid until the next call.
  ShapeView of(const ShapeView& shape);

 private:
  geo::MapTransform to_degrees_;
  std::vector<double> x_;
  std::vector<double> y_;
  std::vector<geo::MapPoint> points_;
};

}  // namespace scarp::vector

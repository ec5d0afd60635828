// SPDX-License-Identifier: Apache-2.0
#include "geo/ogr_polygons_gdal.h"

#include <ogr_geometry.h>

#include "geo/error.h"

namespace scarp::geo {
namespace {

Ring points_of(const OGRLinearRing& source) {
  Ring ring;
  ring.reserve(static_cast<std::size_t>(source.getNumPoints()) + 1);
  for (int i = 0; i < source.getNumPoints(); ++i) ring.push_back({source.getX(i), source.getY(i)});
  if (!ring.empty() && !(ring.front() == ring.back())) ring.push_back(ring.front());
  return ring;
}

Polygon polygon_of(const OGRPolygon& source) {
  Polygon polygon;
  polygon.outer = points_of(*source.getExteriorRing());
  for (int i = 0; i < source.getNumInteriorRings(); ++i)
    polygon.holes.push_back(points_of(*source.getInteriorRing(i)));
  return polygon;
}

std::unique_ptr<OGRLinearRing> ring_of(const Ring& source) {
  auto ring = std::make_unique<OGRLinearRing>();
  ring->setNumPoints(static_cast<int>(source.size()));
  for (std::size_t i = 0; i < source.size(); ++i)
    ring->setPoint(static_cast<int>(i), source[i].x, source[i].y);
  return ring;
}

std::unique_ptr<OGRPolygon> ogr_polygon(const Polygon& source) {
  auto polygon = std::make_unique<OGRPolygon>();
  polygon->addRingDirectly(ring_of(source.outer).release());
  for (const Ring& hole : source.holes) polygon->addRingDirectly(ring_of(hole).release());
  return polygon;
}

}  // namespace

std::vector<Polygon> polygons_of(const OGRGeometry& geometry, const std::string& what) {
  const std::unique_ptr<OGRGeometry> straight(geometry.getLinearGeometry());
  std::vector<Polygon> polygons;
  switch (wkbFlatten(straight->getGeometryType())) {
    case wkbPolygon:
      polygons.push_back(polygon_of(*straight->toPolygon()));
      return polygons;
    case wkbMultiPolygon:
      for (const OGRPolygon* part : *straight->toMultiPolygon()) {
        if (part->IsEmpty() == 0) polygons.push_back(polygon_of(*part));
      }
      return polygons;
    default:
      throw Error(Fault::unreadable,
                  what + " is a " + geometry.getGeometryName() + ", not a polygon; give a layer of polygons");
  }
}

std::unique_ptr<OGRGeometry> geometry_of(const Feature& feature, bool multiple) {
  if (!multiple)
    return feature.parts.empty() ? std::make_unique<OGRPolygon>() : ogr_polygon(feature.parts.front());
  auto collection = std::make_unique<OGRMultiPolygon>();
  for (const Polygon& part : feature.parts) collection->addGeometryDirectly(ogr_polygon(part).release());
  return collection;
}

}  // namespace scarp::geo

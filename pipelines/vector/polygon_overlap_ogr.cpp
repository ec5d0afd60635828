// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <numeric>

#include <fmt/format.h>
#include <ogrsf_frmts.h>

#include "pipelines/vector/attribute_fields_ogr.h"
#include "pipelines/vector/error.h"
#include "pipelines/vector/error_scope_gdal.h"
#include "pipelines/vector/polygon_match.h"

namespace scarp::vector {
namespace {

struct Region {
  std::unique_ptr<OGRGeometry> geometry;
  OGREnvelope box;
  double area = 0;
};

double area_of(const OGRGeometry& geometry) {
  switch (wkbFlatten(geometry.getGeometryType())) {
    case wkbPolygon:
      return geometry.toPolygon()->get_Area();
    case wkbMultiPolygon:
    case wkbGeometryCollection: {
      double sum = 0;
      for (const OGRGeometry* part : *geometry.toGeometryCollection()) sum += area_of(*part);
      return sum;
    }
    default:  // polygons that touch also share lines and points
      return 0;
  }
}

[[noreturn]] void fail(const char* side, std::size_t number, const GdalErrorScope& errors) {
  throw Error(Fault::invalid, fmt::format("overlaps of {} polygon {} cannot be computed ({}); mend it, with "
                                          "ogr2ogr -makevalid for instance",
                                          side, number + 1, errors.text()));
}

std::vector<Region> regions_of(std::span<const geo::Feature> features, const char* side) {
  std::vector<Region> regions;
  for (const geo::Feature& feature : features) {
    Shape shape;
    for (const geo::Polygon& part : feature.parts) shape.add_part(part);
    const GdalErrorScope errors;
    Region region;
    region.geometry = ogr_shape(shape.view(), true);
    if (!region.geometry->IsValid()) region.geometry.reset(region.geometry->MakeValid());
    if (!region.geometry) fail(side, regions.size(), errors);
    region.geometry->getEnvelope(&region.box);
    region.area = area_of(*region.geometry);
    regions.push_back(std::move(region));
  }
  return regions;
}

/// Numbers in the order of their western ends.
std::vector<std::size_t> from_west(const std::vector<Region>& regions) {
  std::vector<std::size_t> order(regions.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return regions[a].box.MinX < regions[b].box.MinX; });
  return order;
}

/// Calls visit(a, b) for each pair whose boxes meet: a line sweeps from west to east.
template <class Visit>
void for_each_meeting(const std::vector<Region>& a, const std::vector<Region>& b, const Visit& visit) {
  const std::vector<std::size_t> from_a = from_west(a);
  const std::vector<std::size_t> from_b = from_west(b);
  std::vector<std::size_t> open;  // of b, not yet behind the line
  std::size_t next = 0;
  for (const std::size_t i : from_a) {
    for (; next < from_b.size() && b[from_b[next]].box.MinX <= a[i].box.MaxX; ++next)
      open.push_back(from_b[next]);
    std::erase_if(open, [&](std::size_t j) { return b[j].box.MaxX < a[i].box.MinX; });
    for (const std::size_t j : open) {
      if (a[i].box.Intersects(b[j].box)) visit(i, j);
    }
  }
}

/// Calls visit(a, b, shared area) for each pair that overlaps.
template <class Visit>
void for_each_overlap(const std::vector<Region>& a, const std::vector<Region>& b, const Visit& visit) {
  for_each_meeting(a, b, [&](std::size_t i, std::size_t j) {
    const GdalErrorScope errors;
    const std::unique_ptr<OGRGeometry> both(a[i].geometry->Intersection(b[j].geometry.get()));
    if (!both) fail("the first side's", i, errors);
    const double shared = area_of(*both);
    if (shared > 0) visit(i, j, shared);
  });
}

}  // namespace

std::vector<double> covered_shares(std::span<const geo::Feature> polygons,
                                   std::span<const geo::Feature> areas) {
  const std::vector<Region> regions = regions_of(polygons, "measured");
  std::vector<double> shares(polygons.size());
  for_each_overlap(regions, regions_of(areas, "area"),
                   [&](std::size_t i, std::size_t, double shared) { shares[i] += shared / regions[i].area; });
  return shares;
}

std::vector<PolygonPair> overlapping_pairs(std::span<const geo::Feature> predicted,
                                           std::span<const geo::Feature> labelled) {
  const std::vector<Region> ours = regions_of(predicted, "predicted");
  const std::vector<Region> theirs = regions_of(labelled, "labelled");
  std::vector<PolygonPair> pairs;
  for_each_overlap(ours, theirs, [&](std::size_t i, std::size_t j, double shared) {
    pairs.push_back({i, j, shared / (ours[i].area + theirs[j].area - shared)});
  });
  std::sort(pairs.begin(), pairs.end(), [](const PolygonPair& a, const PolygonPair& b) {
    return std::pair{a.predicted, a.labelled} < std::pair{b.predicted, b.labelled};
  });
  return pairs;
}

}  // namespace scarp::vector

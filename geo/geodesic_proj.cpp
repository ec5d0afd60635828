// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <map>
#include <numbers>
#include <vector>

#include <geodesic.h>

#include "geo/geodesic.h"
#include "geo/geodesic_patch.h"

namespace scarp::geo {
namespace {

constexpr double kRadians = std::numbers::pi / 180;
/// Patches lie side by side; each is fitted to a little more, for edges that lead out of it.
constexpr double kPatchHalf = 0.0025;  ///< of the radius
constexpr double kFittedHalf = 0.003125;
/// Where polynomials of that size do not follow the projection, at high latitudes, patches are four times
/// smaller, and smaller again.
constexpr int kLevels = 3;
/// Edges that are longer are left to PROJ: length over radius, and at high latitudes over their parallels'
/// radius.
constexpr double kMostBend = 1e-3;
constexpr std::size_t kMostPatches = 1 << 14;

geod_geodesic proj_geodesic(const Ellipsoid& ellipsoid) {
  geod_geodesic geodesic;
  geod_init(&geodesic, ellipsoid.semi_major_m,
            ellipsoid.inverse_flattening == 0 ? 0 : 1 / ellipsoid.inverse_flattening);
  return geodesic;
}

/// Sums over the edges of a ring: areas between them and a parallel, which the first patch chooses.
struct RingSums {
  double length_m = 0;
  double area_m2 = 0;
  double turn = 0;  ///< radians of longitude
};

}  // namespace

struct GeodesicMeasure::Patches {
  explicit Patches(const Crs& crs)
      : to_geographic(crs, geographic_base(crs)),
        plane(crs.ellipsoid()),
        geodesic(proj_geodesic(crs.ellipsoid())),
        radius(crs.geographic() ? 1 / kRadians : crs.ellipsoid().semi_major_m / crs.metres_per_unit()) {}

  /// Within what patches can be numbered for; not so numbers that are no places.
  bool on_map(MapPoint point) const {
    constexpr double kMost = 1e6;
    return std::abs(point.x) < kMost * radius && std::abs(point.y) < kMost * radius;
  }
  /// A square of the lattice of patches of one level.
  struct Cell {
    int level = 0;
    std::int64_t col = 0;
    std::int64_t row = 0;
    auto operator<=>(const Cell&) const = default;
  };
  Cell cell_of(MapPoint point, int level) const;
  const GeodesicPatch& patch_of(const Cell& cell);
  /// @param point  on the map
  const GeodesicPatch& at(MapPoint point);
  Size measure_with_proj(std::span<const MapPoint> ring) const;
  /// A ring whose points all lie well within the patch of the first. @return false if they do not, or if one
  /// of its edges is longer than sides of pixels are
  bool measure_together(std::span<const MapPoint> ring, RingSums& sums);
  /// @return false if a patch is not usable
  bool measure_in_patches(std::span<const MapPoint> ring, RingSums& sums);
  GeodesicEdge long_edge(MapPoint from, MapPoint to, double q_zero, double& turn) const;

  MapTransform to_geographic;
  AuthalicPlane plane;
  geod_geodesic geodesic;
  double radius;  ///< in map units
  std::map<Cell, GeodesicPatch> fitted;
  Cell last_cell;
  MapPoint last_middle;
  double last_heart = 0;
  const GeodesicPatch* last = nullptr;
};

GeodesicMeasure::Patches::Cell GeodesicMeasure::Patches::cell_of(MapPoint point, int level) const {
  const double side = 2 * kPatchHalf * radius / (1 << (2 * level));
  return {level, static_cast<std::int64_t>(std::floor(point.x / side)),
          static_cast<std::int64_t>(std::floor(point.y / side))};
}

const GeodesicPatch& GeodesicMeasure::Patches::patch_of(const Cell& cell) {
  auto found = fitted.find(cell);
  if (found == fitted.end()) {
    const double scale = radius / (1 << (2 * cell.level));
    const double side = 2 * kPatchHalf * scale;
    const MapPoint centre = {(static_cast<double>(cell.col) + 0.5) * side,
                             (static_cast<double>(cell.row) + 0.5) * side};
    found = fitted.try_emplace(cell, centre, kFittedHalf * scale, to_geographic, plane).first;
  }
  return found->second;
}

const GeodesicPatch& GeodesicMeasure::Patches::at(MapPoint point) {
  if (last != nullptr && std::abs(point.x - last_middle.x) < last_heart &&
      std::abs(point.y - last_middle.y) < last_heart) {
    return *last;
  }
  for (int level = 0; level < kLevels; ++level) {
    last_cell = cell_of(point, level);
    last = &patch_of(last_cell);
    if (last->usable()) break;
  }
  // Well within its cell, so that a point at a border has one patch whatever came before.
  const double half = kPatchHalf * radius / (1 << (2 * last_cell.level));
  last_middle = {(2 * static_cast<double>(last_cell.col) + 1) * half,
                 (2 * static_cast<double>(last_cell.row) + 1) * half};
  last_heart = half * (1 - 1e-6);
  return *last;
}

GeodesicMeasure::Size GeodesicMeasure::Patches::measure_with_proj(std::span<const MapPoint> ring) const {
  std::vector<double> longitude;
  std::vector<double> latitude;
  // The last point repeats the first; the routine closes the ring itself.
  for (const MapPoint& point : ring.first(ring.size() - 1)) {
    longitude.push_back(point.x);
    latitude.push_back(point.y);
  }
  to_geographic.apply(longitude, latitude);
  geod_polygon polygon;
  geod_polygon_init(&polygon, 0);
  for (std::size_t i = 0; i < longitude.size(); ++i) {
    geod_polygon_addpoint(&geodesic, &polygon, latitude[i], longitude[i]);
  }
  Size size;
  geod_polygon_compute(&geodesic, &polygon, 0, 1, &size.area_m2, &size.perimeter_m);
  size.area_m2 = std::abs(size.area_m2);
  return size;
}

/// @param q_zero  ordinate of the parallel that areas are counted from
/// @param turn    gets the difference of longitude in radians
GeodesicEdge GeodesicMeasure::Patches::long_edge(MapPoint from,
                                                 MapPoint to,
                                                 double q_zero,
                                                 double& turn) const {
  std::array<double, 2> longitude = {from.x, to.x};
  std::array<double, 2> latitude = {from.y, to.y};
  to_geographic.apply(longitude, latitude);
  GeodesicEdge edge;
  geod_geninverse(&geodesic, latitude[0], longitude[0], latitude[1], longitude[1], &edge.length_m, nullptr,
                  nullptr, nullptr, nullptr, nullptr, &edge.area_m2);
  turn = std::remainder(longitude[1] - longitude[0], 360) * kRadians;
  edge.area_m2 -= q_zero * turn;
  return edge;
}

bool GeodesicMeasure::Patches::measure_together(std::span<const MapPoint> ring, RingSums& sums) {
  if (ring.size() > kMostStraightEdges || !on_map(ring[0])) return false;
  const GeodesicPatch& patch = at(ring[0]);
  if (!patch.usable()) return false;
  bool within = true;
  for (const MapPoint& point : ring) {
    within &=
        std::abs(point.x - last_middle.x) < last_heart && std::abs(point.y - last_middle.y) < last_heart;
  }
  if (!within) return false;
  std::array<double, kMostStraightEdges> u, v, lengths, areas;
  patch.locals(ring, u, v);
  const AuthalicFrame& frame = patch.frame();
  const std::span<const double> all_u(u.data(), ring.size());
  const std::span<const double> all_v(v.data(), ring.size());
  if (!straight_edges(frame, all_u, all_v, lengths, areas)) return false;
  // Areas are counted from the line v = v[0], in which a closed ring has no share.
  for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
    sums.length_m += lengths[i];
    sums.area_m2 += areas[i] - v[0] * (u[i + 1] - u[i]);
  }
  return true;
}

bool GeodesicMeasure::Patches::measure_in_patches(std::span<const MapPoint> ring, RingSums& sums) {
  if (fitted.size() >= kMostPatches) {
    fitted.clear();
    last = nullptr;
  }
  if (measure_together(ring, sums)) return true;
  const GeodesicPatch* patch = nullptr;
  GeodesicPatch::Local begin;
  double q_zero = 0;
  double bend = 0;
  double per_p0 = 0;
  for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
    if (!on_map(ring[i])) return false;
    const GeodesicPatch& here = at(ring[i]);
    if (!here.usable()) return false;
    const AuthalicFrame& frame = here.frame();
    if (&here != patch) {
      begin = here.local(ring[i]);
      bend = 1 / plane.radius() + std::abs(frame.r1);
      per_p0 = 1 / frame.p0;
    }
    if (patch == nullptr) q_zero = frame.q0 + begin.v * frame.p0;
    patch = &here;
    const GeodesicPatch::Local end = here.local(ring[i + 1]);
    const double du = end.u - begin.u;
    const double dv = end.v - begin.v;
    GeodesicEdge edge;
    double turn = du * per_p0;
    if ((du * du + dv * dv) * bend * bend < kMostBend * kMostBend && here.contains(ring[i + 1])) {
      edge = short_edge(frame, du, dv, (begin.v + end.v) / 2);
      edge.area_m2 += (frame.q0 - q_zero) * turn;
    } else {
      edge = long_edge(ring[i], ring[i + 1], q_zero, turn);
    }
    sums.length_m += edge.length_m;
    sums.area_m2 += edge.area_m2;
    sums.turn += turn;
    begin = end;
  }
  // A ring round a pole has no inside in this plane.
  return std::abs(sums.turn) < 1;
}

GeodesicMeasure::GeodesicMeasure(const Crs& crs) : patches_(std::make_unique<Patches>(crs)) {}
GeodesicMeasure::~GeodesicMeasure() = default;
GeodesicMeasure::GeodesicMeasure(GeodesicMeasure&&) noexcept = default;
GeodesicMeasure& GeodesicMeasure::operator=(GeodesicMeasure&&) noexcept = default;

GeodesicMeasure::Size GeodesicMeasure::measure_ring(std::span<const MapPoint> ring) const {
  if (ring.size() < 4) return {};
  RingSums sums;
  if (!patches_->measure_in_patches(ring, sums)) return patches_->measure_with_proj(ring);
  return {std::abs(sums.area_m2), sums.length_m};
}

GeodesicMeasure::Size GeodesicMeasure::measure(const Polygon& polygon) const {
  Size size = measure_ring(polygon.outer);
  for (const Ring& hole : polygon.holes) {
    const Size inner = measure_ring(hole);
    size.area_m2 -= inner.area_m2;
    size.perimeter_m += inner.perimeter_m;
  }
  return size;
}

}  // namespace scarp::geo

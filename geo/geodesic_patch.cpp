// SPDX-License-Identifier: Apache-2.0
#include "geo/geodesic_patch.h"

#include <cmath>
#include <numbers>
#include <vector>

namespace scarp::geo {
namespace {

constexpr double kRadians = std::numbers::pi / 180;
constexpr int kNodes = 8;

/// Zeros of the Chebyshev polynomial of degree kNodes.
double node(int i) {
  return std::cos((i + 0.5) * std::numbers::pi / kNodes);
}

/// T_0(x) .. T_5(x).
std::array<double, 6> chebyshev(double x) {
  std::array<double, 6> t = {1, x};
  for (std::size_t i = 2; i < t.size(); ++i) t[i] = 2 * x * t[i - 1] - t[i - 2];
  return t;
}

struct GeographicPoints {
  std::vector<double> longitude;
  std::vector<double> latitude;

  void add(MapPoint point) {
    longitude.push_back(point.x);
    latitude.push_back(point.y);
  }
};

}  // namespace

GeodesicPatch::GeodesicPatch(MapPoint centre,
                             double half,
                             const MapTransform& to_geographic,
                             const AuthalicPlane& plane)
    : centre_(centre), half_(half), per_half_(1 / half) {
  GeographicPoints middle;
  middle.add(centre);
  to_geographic.apply(middle.longitude, middle.latitude);
  centre_longitude_ = middle.longitude[0];
  const double latitude = middle.latitude[0];
  constexpr double kMostLatitude = 89;
  if (!std::isfinite(centre_longitude_) || !(std::abs(latitude) < kMostLatitude)) return;
  frame_ = plane.frame_at(latitude * kRadians);
  fit(to_geographic, plane);
  usable_ = follows(to_geographic, plane);
}

bool GeodesicPatch::contains(MapPoint point) const {
  return std::abs(point.x - centre_.x) <= half_ && std::abs(point.y - centre_.y) <= half_;
}

GeodesicPatch::Local GeodesicPatch::exact(double longitude,
                                          double latitude,
                                          const AuthalicPlane& plane) const {
  // The shorter way round the body.
  const double turn = std::remainder(longitude - centre_longitude_, 360);
  return {frame_.p0 * turn * kRadians, (plane.q(latitude * kRadians) - frame_.q0) / frame_.p0};
}

/// By discrete orthogonality at the nodes, terms up to the degree in both directions together.
void GeodesicPatch::fit(const MapTransform& to_geographic, const AuthalicPlane& plane) {
  GeographicPoints points;
  for (int j = 0; j < kNodes; ++j) {
    for (int i = 0; i < kNodes; ++i) points.add({centre_.x + half_ * node(i), centre_.y + half_ * node(j)});
  }
  to_geographic.apply(points.longitude, points.latitude);
  for (int j = 0; j < kNodes; ++j) {
    const std::array<double, 6> ty = chebyshev(node(j));
    for (int i = 0; i < kNodes; ++i) {
      const std::array<double, 6> tx = chebyshev(node(i));
      const std::size_t at = static_cast<std::size_t>(j) * kNodes + static_cast<std::size_t>(i);
      const Local value = exact(points.longitude[at], points.latitude[at], plane);
      std::size_t term = 0;
      for (std::size_t b = 0; b <= kDegree; ++b) {
        for (std::size_t a = 0; a + b <= kDegree; ++a, ++term) {
          const double weight = tx[a] * ty[b] * (a == 0 ? 1 : 2) * (b == 0 ? 1 : 2) / (kNodes * kNodes);
          terms_[term].u += weight * value.u;
          terms_[term].v += weight * value.v;
        }
      }
    }
  }
}

GeodesicPatch::Local GeodesicPatch::local(MapPoint point) const {
  Local at;
  locals({&point, 1}, {&at.u, 1}, {&at.v, 1});
  return at;
}

/// Written for the vectoriser: several points at once.
void GeodesicPatch::locals(std::span<const MapPoint> points, std::span<double> u, std::span<double> v) const {
  const Local* __restrict terms = terms_.data();
  const MapPoint* __restrict from = points.data();
  double* __restrict to_u = u.data();
  double* __restrict to_v = v.data();
  const MapPoint centre = centre_;
  const double per_half = per_half_;
  const std::size_t count = points.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::array<double, 6> tx = chebyshev((from[i].x - centre.x) * per_half);
    const std::array<double, 6> ty = chebyshev((from[i].y - centre.y) * per_half);
    double sum_u = 0;
    double sum_v = 0;
    std::size_t term = 0;
#pragma GCC unroll 6
    for (std::size_t b = 0; b <= kDegree; ++b) {
      double row_u = 0;
      double row_v = 0;
#pragma GCC unroll 6
      for (std::size_t a = 0; a + b <= kDegree; ++a, ++term) {
        row_u += terms[term].u * tx[a];
        row_v += terms[term].v * tx[a];
      }
      sum_u += row_u * ty[b];
      sum_v += row_v * ty[b];
    }
    to_u[i] = sum_u;
    to_v[i] = sum_v;
  }
}

/// Tried where nodes are not: corners, sides and between.
bool GeodesicPatch::follows(const MapTransform& to_geographic, const AuthalicPlane& plane) const {
  constexpr double kMostErrorM = 5e-8;
  GeographicPoints points;
  std::vector<MapPoint> places;
  for (const double y : {-1.0, -0.63, 0.0, 0.48, 1.0}) {
    for (const double x : {-1.0, -0.52, 0.0, 0.71, 1.0}) {
      places.push_back({centre_.x + half_ * x, centre_.y + half_ * y});
      points.add(places.back());
    }
  }
  to_geographic.apply(points.longitude, points.latitude);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const Local expected = exact(points.longitude[i], points.latitude[i], plane);
    const Local found = local(places[i]);
    if (!(std::hypot(found.u - expected.u, found.v - expected.v) < kMostErrorM)) return false;
  }
  return true;
}

}  // namespace scarp::geo

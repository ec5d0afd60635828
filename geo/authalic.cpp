// SPDX-License-Identifier: Apache-2.0
#include "geo/authalic.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace scarp::geo {
namespace {

/// Of a side of pixels, up to some 30 m, the chord is the geodesic to 1e-11 of its length.
constexpr double kStraight = 1e-10;

/// An edge that is straight in u and v, with the metric at its middle. Geodesics bend away from it by
/// Clairaut's relation: v'' = r' (r / 2 + 3 v'² / 2 r) along u. With bend = v'' du³, the segment between
/// chord and geodesic holds bend / 12, and the geodesic is shorter than the chord by bend² / (24 length³).
struct Chord {
  double slope;      ///< r'
  double curvature;  ///< r''
  double per_r;
  double east2, north2;
  double square;  ///< of its length
  double bend;
  double area;
  double bent;  ///< how far from straight, to be compared with kStraight

  Chord(const AuthalicFrame& frame, double du, double dv, double v) {
    const double r = 1 + v * (frame.r1 + v * (frame.r2 * (1.0 / 2) + v * frame.r3 * (1.0 / 6)));
    slope = frame.r1 + v * (frame.r2 + v * frame.r3 * (1.0 / 2));
    curvature = frame.r2 + v * frame.r3;
    per_r = 1 / r;
    east2 = du * du;
    north2 = dv * dv * per_r * per_r;
    square = r * (east2 + north2);
    bend = slope * r * du * (0.5 * east2 + 1.5 * north2);
    area = v * du - bend * (1.0 / 12);
    bent = square * (slope * slope + std::abs(curvature));
  }
};

}  // namespace

AuthalicPlane::AuthalicPlane(const Ellipsoid& ellipsoid) : a_(ellipsoid.semi_major_m) {
  const double flattening = ellipsoid.inverse_flattening == 0 ? 0 : 1 / ellipsoid.inverse_flattening;
  e2_ = flattening * (2 - flattening);
}

// Snyder 1987, Map Projections: A Working Manual, equation 3-12, times a² / 2.
double AuthalicPlane::q(double latitude) const {
  const double sine = std::sin(latitude);
  const double e = std::sqrt(e2_);
  const double logarithm = e == 0 ? sine : std::atanh(e * sine) / e;
  return a_ * a_ / 2 * (1 - e2_) * (sine / (1 - e2_ * sine * sine) + logarithm);
}

AuthalicFrame AuthalicPlane::frame_at(double latitude) const {
  const double sine = std::sin(latitude);
  const double cosine = std::cos(latitude);
  const double w2 = 1 - e2_ * sine * sine;
  const double normal = a_ / std::sqrt(w2);
  const double meridian = normal * (1 - e2_) / w2;
  AuthalicFrame frame;
  frame.q0 = q(latitude);
  frame.p0 = normal * cosine;
  frame.r1 = -2 * sine / frame.p0;
  // Twice the Gaussian curvature, and its change along v.
  frame.r2 = -2 / (meridian * normal);
  frame.r3 = 8 * e2_ * sine * cosine * w2 / (a_ * a_ * (1 - e2_) * meridian);
  return frame;
}

GeodesicEdge short_edge(const AuthalicFrame& frame, double du, double dv, double v_middle) {
  const Chord chord(frame, du, dv, v_middle);
  if (chord.square == 0) return {};
  const double length = std::sqrt(chord.square);
  if (chord.bent < kStraight) return {length, chord.area};
  // The metric along the chord: `square` and its first and second derivative over the way from end to end.
  const double across = chord.east2 - chord.north2;
  const double first = dv * chord.slope * across;
  const double second =
      dv * dv * (chord.curvature * across + 2 * chord.slope * chord.slope * chord.north2 * chord.per_r);
  const double per_square = 1 / chord.square;
  const double ratio = first * per_square;
  const double longer = (second * per_square / 2 - ratio * ratio / 4) / 24;
  const double shorter = chord.bend * chord.bend * per_square * per_square / 24;
  return {length * (1 + longer - shorter), chord.area};
}

bool straight_edges(const AuthalicFrame& frame,
                    std::span<const double> u,
                    std::span<const double> v,
                    std::span<double> lengths,
                    std::span<double> areas) {
  const AuthalicFrame here = frame;
  const double* __restrict from_u = u.data();
  const double* __restrict from_v = v.data();
  double* __restrict to_length = lengths.data();
  double* __restrict to_area = areas.data();
  std::array<double, kMostStraightEdges> bent;
  const std::size_t edges = u.size() - 1;
  for (std::size_t i = 0; i < edges; ++i) {
    const Chord chord(here, from_u[i + 1] - from_u[i], from_v[i + 1] - from_v[i],
                      (from_v[i] + from_v[i + 1]) * 0.5);
    to_length[i] = std::sqrt(chord.square);
    to_area[i] = chord.area;
    bent[i] = chord.bent;
  }
  double most = 0;
  for (std::size_t i = 0; i < edges; ++i) most = std::max(most, bent[i]);
  return most < kStraight;
}

}  // namespace scarp::geo

// SPDX-License-Identifier: Apache-2.0
#include "geo/authalic.h"

#include <cmath>

namespace scarp::geo {

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

// The chord is straight in u and v. Geodesics bend away from it by Clairaut's relation: v'' = r' (r / 2 + 3
// v'² / 2 r) along u. With bend = v'' du³, the segment between chord and geodesic holds bend / 12, and the
// geodesic is shorter than the chord by bend² / (24 length³).
GeodesicEdge short_edge(const AuthalicFrame& frame, double du, double dv, double v_middle) {
  const double v = v_middle;
  const double r = 1 + v * (frame.r1 + v * (frame.r2 * (1.0 / 2) + v * frame.r3 * (1.0 / 6)));
  const double slope = frame.r1 + v * (frame.r2 + v * frame.r3 * (1.0 / 2));
  const double curvature = frame.r2 + v * frame.r3;
  const double east2 = du * du;
  const double per_r = 1 / r;
  const double north2 = dv * dv * per_r * per_r;
  const double square = r * (east2 + north2);
  if (square == 0) return {};
  const double chord = std::sqrt(square);
  const double bend = slope * r * du * (0.5 * east2 + 1.5 * north2);
  const double area = v * du - bend * (1.0 / 12);
  // Of a side of pixels, up to some 30 m, the chord is the geodesic to 1e-11 of its length.
  constexpr double kStraight = 1e-10;
  if (square * (slope * slope + std::abs(curvature)) < kStraight) return {chord, area};
  // The metric along the chord: `square` and its first and second derivative over the way from end to end.
  const double first = dv * slope * (east2 - north2);
  const double second = dv * dv * (curvature * (east2 - north2) + 2 * slope * slope * north2 * per_r);
  const double per_square = 1 / square;
  const double ratio = first * per_square;
  const double longer = (second * per_square / 2 - ratio * ratio / 4) / 24;
  const double shorter = bend * bend * per_square * per_square / 24;
  return {chord * (1 + longer - shorter), area};
}

}  // namespace scarp::geo

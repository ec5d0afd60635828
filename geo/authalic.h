// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "geo/crs.h"

namespace scarp::geo {

// The plane of longitude λ and authalic ordinate q on an ellipsoid of revolution: q(φ) is the area between
// equator and latitude φ for a radian of longitude, so that areas are flat: dA = dλ dq. With P(q), the square
// of a parallel's radius, ds² = P dλ² + dq² / P, and dP/dq = -2 sin φ.

/// Terms of P about a latitude, in local coordinates u = p0 λ, v = (q - q0) / p0 in metres, where p0² =
/// P(q0): r(v) = P / p0² = 1 + r1 v + r2 v² / 2 + r3 v³ / 6, and ds² = r du² + dv² / r.
struct AuthalicFrame {
  double q0 = 0;  ///< m²
  double p0 = 0;  ///< m
  double r1 = 0;
  double r2 = 0;
  double r3 = 0;
};

class AuthalicPlane {
 public:
  explicit AuthalicPlane(const Ellipsoid& ellipsoid);

  /// @param latitude  radians
  double q(double latitude) const;
  AuthalicFrame frame_at(double latitude) const;
  double radius() const { return a_; }  ///< at the equator

 private:
  double a_;   ///< semi-major axis
  double e2_;  ///< eccentricity squared
};

/// An edge between two near points: a geodesic.
struct GeodesicEdge {
  double length_m = 0;
  double area_m2 = 0;  ///< between it and the line v = 0, positive to the north of it where u grows
};

/// By series about the edge's middle; the relative error of both is of the fourth order in length over
/// radius, some 1e-12 for a thousandth of the radius at middle latitudes.
/// @param v_middle  mean of v at both ends
GeodesicEdge short_edge(const AuthalicFrame& frame, double du, double dv, double v_middle);

inline constexpr std::size_t kMostStraightEdges = 256;

/// The same for edges that follow each other, if each is so short that its chord is the geodesic to 1e-11.
/// @param u, v  the ends of all edges: one more than there are edges, which are kMostStraightEdges or fewer
/// @param lengths, areas  get a number for each edge, as short_edge gives them
/// @return false if one of them is longer; the numbers are none then
bool straight_edges(const AuthalicFrame& frame,
                    std::span<const double> u,
                    std::span<const double> v,
                    std::span<double> lengths,
                    std::span<double> areas);

}  // namespace scarp::geo

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>

#include "geo/authalic.h"
#include "geo/grid.h"

namespace scarp::geo {

/// A square of the map in which map coordinates become local authalic ones, and from there lengths and areas
/// on the ellipsoid, by polynomials instead of a projection and a geodesic problem for each point: Chebyshev
/// polynomials of degree five, fitted to 64 transformed points and tried at others.
class GeodesicPatch {
 public:
  /// A point in metres about the patch's centre: see AuthalicFrame.
  struct Local {
    double u = 0;
    double v = 0;
  };

  /// @param half  half the side of the square in map units
  GeodesicPatch(MapPoint centre, double half, const MapTransform& to_geographic, const AuthalicPlane& plane);

  /// Whether the polynomials follow the projection to 50 nanometres: not at poles and seams.
  bool usable() const { return usable_; }
  const AuthalicFrame& frame() const { return frame_; }
  bool contains(MapPoint point) const;
  Local local(MapPoint point) const;
  /// The same of many points.
  void locals(std::span<const MapPoint> points, std::span<double> u, std::span<double> v) const;

 private:
  static constexpr int kDegree = 5;
  static constexpr int kTerms = (kDegree + 1) * (kDegree + 2) / 2;

  /// @return not finite where a point cannot be transformed
  Local exact(double longitude, double latitude, const AuthalicPlane& plane) const;
  void fit(const MapTransform& to_geographic, const AuthalicPlane& plane);
  bool follows(const MapTransform& to_geographic, const AuthalicPlane& plane) const;

  MapPoint centre_;
  double half_;
  double per_half_;
  double centre_longitude_ = 0;  ///< degrees
  AuthalicFrame frame_;
  std::array<Local, kTerms> terms_{};
  bool usable_ = false;
};

}  // namespace scarp::geo

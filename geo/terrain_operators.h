// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

// The formulas of the 3 x 3 terrain operators, as branchless float functions that a compiler can put into
// vectors. z: the nine elevations of a neighbourhood in metres, row by row from the north-west; z[4] is the
// pixel itself.

namespace scarp::geo {

/// Undivided differences in metres: all that the operators need of a neighbourhood. Differences are taken
/// before sums, so that height above sea level costs no digits.
struct Differences {
  float horn_east;   ///< 8 x rise of a pixel towards east, weights 1 2 1 (Horn 1981, equation for p)
  float horn_north;  ///< 8 x rise of a pixel towards north (Horn 1981, equation for q)
  float d, e, f;  ///< second differences: east-west, north-south, diagonal (Zevenbergen & Thorne 1987, D E F)
  float g, h;     ///< central differences towards east and north (Zevenbergen & Thorne 1987, G H)
};

inline Differences
differences(float z0, float z1, float z2, float z3, float z4, float z5, float z6, float z7, float z8) {
  return {(z2 - z0) + 2.0F * (z5 - z3) + (z8 - z6),
          (z0 - z6) + 2.0F * (z1 - z7) + (z2 - z8),
          (z3 - z4) + (z5 - z4),
          (z1 - z4) + (z7 - z4),
          (z2 - z0) + (z6 - z8),
          z5 - z3,
          z1 - z7};
}

/// What a metre of difference means: one over multiples of the pixel size.
struct DifferenceScale {
  float per_8x, per_8y;    ///< 1 / (8 px), for Horn's sums
  float per_2x, per_2y;    ///< 1 / (2 px)
  float per_2xx, per_2yy;  ///< 1 / (2 px^2)
  float per_4xy;           ///< 1 / (4 px py)
  DifferenceScale(double x_m, double y_m)
      : per_8x(static_cast<float>(1 / (8 * x_m))),
        per_8y(static_cast<float>(1 / (8 * y_m))),
        per_2x(static_cast<float>(1 / (2 * x_m))),
        per_2y(static_cast<float>(1 / (2 * y_m))),
        per_2xx(static_cast<float>(1 / (2 * x_m * x_m))),
        per_2yy(static_cast<float>(1 / (2 * y_m * y_m))),
        per_4xy(static_cast<float>(1 / (4 * x_m * y_m))) {}
};

/// Arc tangent of t in 0..1 in radians, error below 1e-7: a polynomial of degree 9 in t^2, fitted to the
/// smallest maximum error.
inline float arc_tangent_unit(float t) {
  const float s = t * t;
  float p = -1.787298010e-03F;
  p = p * s + 1.087691914e-02F;
  p = p * s - 3.108541295e-02F;
  p = p * s + 5.783558637e-02F;
  p = p * s - 8.393989503e-02F;
  p = p * s + 1.094778925e-01F;
  p = p * s - 1.426305026e-01F;
  p = p * s + 1.999837458e-01F;
  p = p * s - 3.333328664e-01F;
  p = p * s + 1.0F;
  return p * t;
}

inline constexpr float kDegreesPerRadian = 57.295779513F;

/// Angle between the gradient's plane and the horizontal: atan(sqrt(p^2 + q^2)) in degrees (Horn 1981).
inline float slope_degrees(float east, float north) {
  const float rise = std::sqrt(east * east + north * north);
  const float low = rise < 1.0F ? rise : 1.0F;
  const float high = rise < 1.0F ? 1.0F : rise;
  const float degrees = kDegreesPerRadian * arc_tangent_unit(low / high);
  return rise > 1.0F ? 90.0F - degrees : degrees;
}

/// Azimuth of the downhill direction, clockwise from north: atan2(-p, -q) in degrees, 0 <= a < 360 (Horn
/// 1981).
inline float aspect_degrees(float east, float north) {
  const float x = std::fabs(east);
  const float y = std::fabs(north);
  const float low = x < y ? x : y;
  const float high = x < y ? y : x;
  const bool flat = high == 0.0F;
  float degrees = kDegreesPerRadian * arc_tangent_unit(low / (flat ? 1.0F : high));
  degrees = x > y ? 90.0F - degrees : degrees;
  degrees = north > 0.0F ? 180.0F - degrees : degrees;
  degrees = east > 0.0F ? 360.0F - degrees : degrees;
  degrees = degrees >= 360.0F ? 0.0F : degrees;
  return flat ? std::numeric_limits<float>::quiet_NaN() : degrees;
}

/// A component of the unit vector that points downhill: -p / |(p, q)|; 0 on flat ground.
inline float downhill(float component, float other) {
  const float length = std::sqrt(component * component + other * other);
  return length == 0.0F ? 0.0F : -component / length;
}

/// -2 (D G^2 + E H^2 + F G H) / (G^2 + H^2) (Zevenbergen & Thorne 1987): curvature of the surface in the
/// direction of the slope; > 0 where the ground is convex (steepens downhill), < 0 where it is concave.
inline float profile_curvature(float d, float e, float f, float g, float h) {
  const float length2 = g * g + h * h;
  return length2 == 0.0F ? 0.0F : -2.0F * (d * g * g + e * h * h + f * g * h) / length2;
}

/// 2 (D H^2 + E G^2 - F G H) / (G^2 + H^2) (Zevenbergen & Thorne 1987): curvature across the slope; > 0 in
/// hollows, where water converges, < 0 on spurs.
inline float plan_curvature(float d, float e, float f, float g, float h) {
  const float length2 = g * g + h * h;
  return length2 == 0.0F ? 0.0F : 2.0F * (d * h * h + e * g * g - f * g * h) / length2;
}

/// Lambert's law for light from azimuth 315, altitude 45 (Horn 1981), scaled to 1..255 and rounded as gdaldem
/// does.
inline float hillshade(float east, float north) {
  constexpr float kUp = 254.0F * 0.70710678F;  // sin 45
  constexpr float kEast = -254.0F * 0.5F;      // sin 315 cos 45
  constexpr float kNorth = 254.0F * 0.5F;      // cos 315 cos 45
  const float light = (kUp - east * kEast - north * kNorth) / std::sqrt(1.0F + (east * east + north * north));
  const float shade = light > 0.0F ? 1.0F + light : 1.0F;
  const float raised = shade + 0.5F;  // 1.5 to 255.5: cutting it off rounds it, in one instruction
  return static_cast<float>(static_cast<std::int32_t>(raised));
}

}  // namespace scarp::geo

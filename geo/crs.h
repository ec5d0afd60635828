// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>

namespace scarp::geo {

/// The ellipsoid of a CRS. A sphere has inverse flattening 0.
struct Ellipsoid {
  double semi_major_m = 6378137.0;
  double inverse_flattening = 298.257223563;
};

/// A coordinate reference system as a value. Map coordinates are always (x, y) = (easting, northing) or
/// (longitude, latitude), whatever axis order the authority gives. Systems without an EPSG code (other
/// planets) are as good as others.
class Crs {
 public:
  Crs() = default;  ///< unknown: `known()` is false
  /// From anything that PROJ understands: "EPSG:32632", WKT 1 or 2, PROJJSON, a PROJ string.
  /// @throws Error (bad_argument) naming the text
  static Crs from_user_input(const std::string& text);

  bool known() const { return !wkt_.empty(); }
  const std::string& wkt() const { return wkt_; }  ///< WKT 2, empty if unknown
  std::string name() const;                        ///< e.g. "SimpleCylindrical_Mars"; "unknown CRS"
  std::string authority_code() const;              ///< e.g. "EPSG:32632"; empty if there is none
  bool geographic() const;                         ///< map units are degrees
  double metres_per_unit() const;                  ///< of a projected CRS; 1 if unknown. Not for degrees.
  Ellipsoid ellipsoid() const;

  /// Same system, judged by PROJ with axis order ignored; two unknown ones are the same.
  friend bool operator==(const Crs& a, const Crs& b);

 private:
  std::string wkt_;
};

/// Moves map points from one CRS to another. Not for use by two threads at once: each takes a clone.
class MapTransform {
 public:
  /// @throws Error (missing_crs, no_overlap) if there is no way from one to the other
  MapTransform(const Crs& from, const Crs& to);
  ~MapTransform();
  MapTransform(MapTransform&&) noexcept;
  MapTransform& operator=(MapTransform&&) noexcept;
  MapTransform clone() const;

  /// Both CRS are the same: `apply` changes nothing.
  bool identity() const;
  /// In place. A point that cannot be transformed becomes NaN.
  void apply(std::span<double> x, std::span<double> y) const;

 private:
  struct Impl;
  explicit MapTransform(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace scarp::geo

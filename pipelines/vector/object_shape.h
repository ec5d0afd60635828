// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "geo/geodesic.h"
#include "geo/grid.h"
#include "pipelines/vector/arc_simplifier.h"
#include "pipelines/vector/kept_objects.h"
#include "pipelines/vector/object_batch.h"
#include "pipelines/vector/shape.h"

namespace scarp::vector {

/// What is too small to be kept. Both limits of a kind may be given: what falls below either goes.
struct SizeLimits {
  double object_m2 = 0;
  std::int64_t object_pixels = 0;
  double hole_m2 = 0;
  std::int64_t hole_pixels = 0;
  bool eight_connected = false;  ///< a hole that touches another ring is kept: an object may reach out of it

  bool fills_holes() const { return hole_m2 > 0 || hole_pixels > 0; }
  /// Objects that are kept may fit into holes that are small: a hole that holds one stays (KeptObjects).
  bool holes_hold_objects() const { return hole_m2 > object_m2 || hole_pixels > object_pixels; }
  /// @throws Error (bad_argument) if a limit is negative
  void check() const;
};

/// A traced object on the map. Used again and again, it stops asking for memory.
class ObjectShape {
 public:
  /// Lays out the rings that are kept; outer ones run counterclockwise on the map. Sizes are geodesic.
  /// @param kept  objects that may lie in its holes; null if all that fit into a small hole are too small
  /// @return false if the object is too small
  bool make(const TracedObject& object,
            const geo::Grid& grid,
            const SizeLimits& limits,
            const geo::GeodesicMeasure& geodesic,
            const KeptObjects* kept = nullptr);
  /// Lays out the same rings simplified; sizes stay those of the pixels.
  void simplify(const TracedObject& object, const geo::Grid& grid, ArcSimplifier& simplifier);

  ShapeView view() const { return {points_, ring_ends_, part_ends_}; }
  double area_m2() const { return area_m2_; }
  double perimeter_m() const { return perimeter_m_; }
  std::int64_t filled_holes() const { return filled_holes_; }

 private:
  void add_ring(std::span<const Corner> corners, const geo::Grid& grid, bool mirrored);

  std::vector<geo::MapPoint> points_;
  std::vector<std::uint32_t> ring_ends_;
  std::vector<std::uint32_t> part_ends_;
  std::vector<std::uint8_t> kept_;  ///< a ring each
  double area_m2_ = 0;
  double perimeter_m_ = 0;
  std::int64_t filled_holes_ = 0;
};

}  // namespace scarp::vector

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "geo/features.h"

namespace scarp::vector {

/// A polygon or several laid out flat, as file formats hold them: no memory is asked for a ring.
struct ShapeView {
  std::span<const geo::MapPoint> points;     ///< of all rings; each is closed (first = last)
  std::span<const std::uint32_t> ring_ends;  ///< in points
  std::span<const std::uint32_t> part_ends;  ///< in ring_ends; the first ring of a part is its outer one
};

struct Bounds {
  double min_x = 0;
  double min_y = 0;
  double max_x = 0;
  double max_y = 0;

  void include(const Bounds& other) {
    min_x = std::min(min_x, other.min_x);
    min_y = std::min(min_y, other.min_y);
    max_x = std::max(max_x, other.max_x);
    max_y = std::max(max_y, other.max_y);
  }
};

/// @param points  at least one
Bounds bounds_of(std::span<const geo::MapPoint> points);

/// What a ShapeView looks at. Used again and again, it stops asking for memory.
class Shape {
 public:
  void clear();
  void add_part(const geo::Polygon& polygon);
  ShapeView view() const { return {points_, ring_ends_, part_ends_}; }

 private:
  void add_ring(const geo::Ring& ring);

  std::vector<geo::MapPoint> points_;
  std::vector<std::uint32_t> ring_ends_;
  std::vector<std::uint32_t> part_ends_;
};

}  // namespace scarp::vector

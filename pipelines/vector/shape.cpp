// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/shape.h"

#include <algorithm>

namespace scarp::vector {

void Bounds::include(const Bounds& other) {
  min_x = std::min(min_x, other.min_x);
  min_y = std::min(min_y, other.min_y);
  max_x = std::max(max_x, other.max_x);
  max_y = std::max(max_y, other.max_y);
}

Bounds bounds_of(std::span<const geo::MapPoint> points) {
  Bounds bounds{points[0].x, points[0].y, points[0].x, points[0].y};
  for (const geo::MapPoint& point : points) bounds.include({point.x, point.y, point.x, point.y});
  return bounds;
}

void Shape::clear() {
  points_.clear();
  ring_ends_.clear();
  part_ends_.clear();
}

void Shape::add_part(const geo::Polygon& polygon) {
  add_ring(polygon.outer);
  for (const geo::Ring& hole : polygon.holes) add_ring(hole);
  part_ends_.push_back(static_cast<std::uint32_t>(ring_ends_.size()));
}

void Shape::add_ring(const geo::Ring& ring) {
  points_.insert(points_.end(), ring.begin(), ring.end());
  ring_ends_.push_back(static_cast<std::uint32_t>(points_.size()));
}

}  // namespace scarp::vector

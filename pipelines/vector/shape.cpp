// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/shape.h"

namespace scarp::vector {

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

// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/object_shape.h"

#include <algorithm>
#include <cmath>

#include "pipelines/vector/error.h"

namespace scarp::vector {
namespace {

std::int64_t enclosed_pixels(std::span<const Corner> ring) {
  std::int64_t area = 0;
  const Corner* before = &ring.back();
  for (const Corner& corner : ring) {
    area += static_cast<std::int64_t>(corner.row) * (corner.col - before->col);
    before = &corner;
  }
  return std::abs(area);
}

bool mirrors_rings(const geo::Grid& grid) {
  const auto& g = grid.geotransform;
  return g[1] * g[5] - g[2] * g[4] > 0;
}

/// Corners that several rings of an object share, sorted.
std::vector<Corner> shared_corners(const TracedObject& object) {
  std::vector<Corner> all(object.corners.begin(), object.corners.end());
  std::sort(all.begin(), all.end());
  std::vector<Corner> shared;
  for (std::size_t i = 1; i < all.size(); ++i) {
    if (all[i] == all[i - 1] && (shared.empty() || shared.back() != all[i])) shared.push_back(all[i]);
  }
  return shared;
}

bool touches(std::span<const Corner> ring, const std::vector<Corner>& sorted) {
  return std::any_of(ring.begin(), ring.end(), [&](const Corner& corner) {
    return std::binary_search(sorted.begin(), sorted.end(), corner);
  });
}

}  // namespace

void SizeLimits::check() const {
  if (std::min(object_m2, hole_m2) < 0 || std::min(object_pixels, hole_pixels) < 0) {
    throw Error(Fault::bad_argument, "smallest objects and holes are 0 or larger");
  }
}

bool ObjectShape::make(const TracedObject& object,
                       const geo::Grid& grid,
                       const SizeLimits& limits,
                       const geo::GeodesicMeasure& geodesic,
                       const KeptObjects* kept) {
  points_.clear();
  ring_ends_.clear();
  part_ends_.clear();
  area_m2_ = perimeter_m_ = 0;
  filled_holes_ = 0;
  kept_.assign(object.ring_ends.size(), 1);
  const bool mirrored = mirrors_rings(grid);
  const bool fills = limits.fills_holes();
  const auto kept_corners = fills && limits.eight_connected ? shared_corners(object) : std::vector<Corner>();
  std::int64_t pixels = object.pixels;
  std::size_t ring = 0;
  for (const std::uint32_t end : object.part_ends) {
    for (const std::size_t outer = ring; ring < end; ++ring) {
      const auto corners = object.ring(ring);
      const std::size_t begin = points_.size();
      add_ring(corners, grid, mirrored);
      const auto size = geodesic.measure_ring(std::span(points_).subspan(begin));
      if (ring > outer) {
        const std::int64_t hole = limits.hole_pixels > 0 ? enclosed_pixels(corners) : 0;
        const bool small = hole < limits.hole_pixels || std::abs(size.area_m2) < limits.hole_m2;
        if (small && !touches(corners, kept_corners) && (kept == nullptr || !kept->any_in(corners))) {
          pixels += enclosed_pixels(corners);
          points_.resize(begin);
          kept_[ring] = 0;
          ++filled_holes_;
          continue;
        }
      }
      area_m2_ += (ring > outer ? -1 : 1) * std::abs(size.area_m2);
      perimeter_m_ += size.perimeter_m;
      ring_ends_.push_back(static_cast<std::uint32_t>(points_.size()));
    }
    part_ends_.push_back(static_cast<std::uint32_t>(ring_ends_.size()));
  }
  return pixels >= limits.object_pixels && area_m2_ >= limits.object_m2;
}

void ObjectShape::add_ring(std::span<const Corner> corners, const geo::Grid& grid, bool mirrored) {
  const std::size_t begin = points_.size();
  const auto& g = grid.geotransform;
  for (const Corner& corner : corners) {
    const auto row = static_cast<double>(corner.row);
    const auto col = static_cast<double>(corner.col);
    points_.push_back({g[0] + col * g[1] + row * g[2], g[3] + col * g[4] + row * g[5]});
  }
  if (mirrored) std::reverse(points_.begin() + static_cast<std::ptrdiff_t>(begin) + 1, points_.end());
  points_.push_back(points_[begin]);
}

void ObjectShape::simplify(const TracedObject& object, const geo::Grid& grid, ArcSimplifier& simplifier) {
  points_.clear();
  ring_ends_.clear();
  part_ends_.clear();
  const bool mirrored = mirrors_rings(grid);
  std::size_t ring = 0;
  std::size_t corner = 0;
  for (const std::uint32_t end : object.part_ends) {
    for (; ring < end; ++ring) {
      const auto corners = object.ring(ring);
      const auto junctions = object.junctions.subspan(corner, corners.size());
      corner += corners.size();
      if (kept_[ring] == 0) continue;
      const auto begin = static_cast<std::ptrdiff_t>(points_.size());
      simplifier.add_ring(corners, junctions, points_);
      if (mirrored) std::reverse(points_.begin() + begin, points_.end());
      ring_ends_.push_back(static_cast<std::uint32_t>(points_.size()));
    }
    part_ends_.push_back(static_cast<std::uint32_t>(ring_ends_.size()));
  }
}

}  // namespace scarp::vector

// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/pixel_rings.h"

#include <algorithm>
#include <map>

namespace scarp::vector {
namespace {

bool on_one_line(const PixelCorner& a, const PixelCorner& b, const PixelCorner& c) {
  return (a.row == b.row && b.row == c.row) || (a.col == b.col && b.col == c.col);
}

PixelRing without_straight_corners(const PixelRing& ring) {
  PixelRing kept;
  kept.reserve(ring.size());
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const PixelCorner& before = ring[(i + ring.size() - 1) % ring.size()];
    const PixelCorner& after = ring[(i + 1) % ring.size()];
    if (!on_one_line(before, ring[i], after)) kept.push_back(ring[i]);
  }
  return kept;
}

/// Cuts a loop out whenever the walk comes back to a corner, so that every ring passes each corner once.
void split_at_touching_corners(const PixelRing& ring, std::vector<PixelRing>& simple) {
  PixelRing path;
  std::map<PixelCorner, std::size_t> place;
  for (const PixelCorner& corner : ring) {
    const auto seen = place.find(corner);
    if (seen != place.end()) {
      const auto loop = path.begin() + static_cast<std::ptrdiff_t>(seen->second);
      simple.emplace_back(loop, path.end());
      for (auto it = loop + 1; it != path.end(); ++it) place.erase(*it);
      path.erase(loop + 1, path.end());
    } else {
      place.emplace(corner, path.size());
      path.push_back(corner);
    }
  }
  simple.push_back(std::move(path));
}

void start_at_first_corner(PixelRing& ring) {
  std::rotate(ring.begin(), std::min_element(ring.begin(), ring.end()), ring.end());
}

void orient(PixelRing& ring, bool counterclockwise) {
  if ((signed_pixels(ring) > 0) != counterclockwise) std::reverse(ring.begin() + 1, ring.end());
}

}  // namespace

std::int64_t signed_pixels(const PixelRing& ring) {
  std::int64_t twice = 0;
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const PixelCorner& a = ring[i];
    const PixelCorner& b = ring[(i + 1) % ring.size()];
    twice += a.row * b.col - a.col * b.row;
  }
  return twice / 2;
}

PixelOutline normal_outline(std::vector<PixelRing> rings) {
  std::vector<PixelRing> simple;
  for (const PixelRing& ring : rings) split_at_touching_corners(without_straight_corners(ring), simple);
  for (PixelRing& ring : simple) {
    ring = without_straight_corners(ring);
    start_at_first_corner(ring);
  }
  const auto size = [](const PixelRing& ring) { return std::abs(signed_pixels(ring)); };
  const auto largest =
      std::max_element(simple.begin(), simple.end(),
                       [&](const PixelRing& a, const PixelRing& b) { return size(a) < size(b); });
  PixelOutline outline{std::move(*largest), {}};
  simple.erase(largest);
  orient(outline.outer, true);
  for (PixelRing& hole : simple) orient(hole, false);
  outline.holes = std::move(simple);
  std::sort(outline.holes.begin(), outline.holes.end());
  return outline;
}

std::int64_t pixel_count(const PixelOutline& outline) {
  std::int64_t count = signed_pixels(outline.outer);
  for (const PixelRing& hole : outline.holes) count += signed_pixels(hole);
  return count;
}

geo::Window bounding_window(const PixelRing& ring) {
  PixelCorner low = ring.front();
  PixelCorner high = ring.front();
  for (const PixelCorner& corner : ring) {
    low = {std::min(low.row, corner.row), std::min(low.col, corner.col)};
    high = {std::max(high.row, corner.row), std::max(high.col, corner.col)};
  }
  return {low.row, low.col, high.row - low.row, high.col - low.col};
}

}  // namespace scarp::vector

// SPDX-License-Identifier: Apache-2.0
#include "datasets/ring.h"

#include <limits>

namespace scarp::datasets {
namespace {

double side(const geo::PixelPoint& a, const geo::PixelPoint& b, const geo::PixelPoint& p) {
  return (b.col - a.col) * (p.row - a.row) - (b.row - a.row) * (p.col - a.col);
}

bool edges_cross(const geo::PixelPoint& a,
                 const geo::PixelPoint& b,
                 const geo::PixelPoint& c,
                 const geo::PixelPoint& d) {
  return side(a, b, c) * side(a, b, d) <= 0 && side(c, d, a) * side(c, d, b) <= 0;
}

struct Foot {
  float share = 0;      // 0 at a, 1 at b
  float distance2 = 0;  // squared
};

Foot foot_on_segment(const geo::PixelPoint& a, const geo::PixelPoint& b, float row, float col) {
  const auto ar = static_cast<float>(a.row), ac = static_cast<float>(a.col);
  const float dr = static_cast<float>(b.row) - ar, dc = static_cast<float>(b.col) - ac;
  const float length2 = dr * dr + dc * dc;
  const float t = length2 > 0 ? std::clamp(((row - ar) * dr + (col - ac) * dc) / length2, 0.0F, 1.0F) : 0.0F;
  const float er = row - ar - t * dr, ec = col - ac - t * dc;
  return {t, er * er + ec * ec};
}

}  // namespace

bool is_simple(const PixelRing& ring) {
  const std::size_t n = ring.size();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 2; j < n; ++j) {
      if (i == 0 && j == n - 1) continue;  // neighbours across the start
      if (edges_cross(ring[i], ring[i + 1], ring[j], ring[(j + 1) % n])) return false;
    }
  }
  return true;
}

AlongLine project(const PixelRing& line, float row, float col) {
  float best = std::numeric_limits<float>::max(), passed = 0;
  AlongLine result;
  for (std::size_t i = 0; i + 1 < line.size(); ++i) {
    const geo::PixelPoint &a = line[i], &b = line[i + 1];
    const Foot foot = foot_on_segment(a, b, row, col);
    const auto length =
        static_cast<float>(std::sqrt((b.row - a.row) * (b.row - a.row) + (b.col - a.col) * (b.col - a.col)));
    if (foot.distance2 < best) {
      best = foot.distance2;
      const float distance = std::sqrt(foot.distance2);
      const bool right = side(a, b, {row, col}) > 0;
      result = {passed + foot.share * length, right ? distance : -distance, distance};
    }
    passed += length;
  }
  return result;
}

float distance_to_ring(const PixelRing& ring, float row, float col) {
  float best = std::numeric_limits<float>::max();
  for (std::size_t i = 0; i < ring.size(); ++i) {
    best = std::min(best, foot_on_segment(ring[i], ring[(i + 1) % ring.size()], row, col).distance2);
  }
  return std::sqrt(best);
}

}  // namespace scarp::datasets

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "pipelines/vector/polygon_match.h"

namespace scarp::vector {
namespace {

constexpr int kSamples = 512;

struct Segment {
  geo::MapPoint begin;
  geo::MapPoint end;
  double length() const { return std::hypot(end.x - begin.x, end.y - begin.y); }
};

void add_ring(const geo::Ring& ring, const MetresPerUnit& metres, std::vector<Segment>& segments) {
  for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
    segments.push_back(
        {{ring[i].x * metres.x, ring[i].y * metres.y}, {ring[i + 1].x * metres.x, ring[i + 1].y * metres.y}});
  }
}

std::vector<Segment> boundary_of(const geo::Feature& feature, const MetresPerUnit& metres) {
  std::vector<Segment> segments;
  for (const geo::Polygon& part : feature.parts) {
    add_ring(part.outer, metres, segments);
    for (const geo::Ring& hole : part.holes) add_ring(hole, metres, segments);
  }
  return segments;
}

double distance(const geo::MapPoint& point, const Segment& segment) {
  const double dx = segment.end.x - segment.begin.x;
  const double dy = segment.end.y - segment.begin.y;
  const double square = dx * dx + dy * dy;
  const double along =
      square == 0 ? 0
                  : std::clamp(((point.x - segment.begin.x) * dx + (point.y - segment.begin.y) * dy) / square,
                               0.0, 1.0);
  return std::hypot(segment.begin.x + along * dx - point.x, segment.begin.y + along * dy - point.y);
}

/// Points equally far apart along a boundary, the first half a step from its beginning.
std::vector<geo::MapPoint> samples_of(const std::vector<Segment>& boundary) {
  double length = 0;
  for (const Segment& segment : boundary) length += segment.length();
  const double step = length / kSamples;
  std::vector<geo::MapPoint> points;
  double behind = 0;
  for (const Segment& segment : boundary) {
    const double own = segment.length();
    while (std::ssize(points) < kSamples) {
      const double place = (static_cast<double>(points.size()) + 0.5) * step - behind;
      if (place > own || own == 0) break;
      const double t = place / own;
      points.push_back({segment.begin.x + t * (segment.end.x - segment.begin.x),
                        segment.begin.y + t * (segment.end.y - segment.begin.y)});
    }
    behind += own;
  }
  return points;
}

double mean_distance(const std::vector<Segment>& from, const std::vector<Segment>& to) {
  const std::vector<geo::MapPoint> points = samples_of(from);
  double sum = 0;
  for (const geo::MapPoint& point : points) {
    double nearest = std::numeric_limits<double>::infinity();
    for (const Segment& segment : to) nearest = std::min(nearest, distance(point, segment));
    sum += nearest;
  }
  return points.empty() ? 0 : sum / static_cast<double>(points.size());
}

}  // namespace

double boundary_distance_m(const geo::Feature& a, const geo::Feature& b, const MetresPerUnit& metres) {
  const std::vector<Segment> ours = boundary_of(a, metres);
  const std::vector<Segment> theirs = boundary_of(b, metres);
  return (mean_distance(ours, theirs) + mean_distance(theirs, ours)) / 2;
}

}  // namespace scarp::vector

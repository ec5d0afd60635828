// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/arc_simplifier.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <queue>
#include <utility>

namespace scarp::vector {
namespace {

/// Twice the signed area.
std::int64_t turn(const Corner& a, const Corner& b, const Corner& c) {
  return (std::int64_t{b.row} - a.row) * (std::int64_t{c.col} - a.col) -
         (std::int64_t{b.col} - a.col) * (std::int64_t{c.row} - a.row);
}

/// In the closed triangle; in one without area: on its longest side.
bool inside(const std::array<Corner, 3>& t, const Corner& p) {
  const std::int64_t a = turn(t[0], t[1], p);
  const std::int64_t b = turn(t[1], t[2], p);
  const std::int64_t c = turn(t[2], t[0], p);
  return (a >= 0 && b >= 0 && c >= 0) || (a <= 0 && b <= 0 && c <= 0);
}

/// Between which columns a triangle crosses a row, widened to whole ones.
std::pair<std::int64_t, std::int64_t> columns_at(const std::array<Corner, 3>& t, double row) {
  double low = 1e300;
  double high = -1e300;
  for (int i = 0; i < 3; ++i) {
    const Corner& p = t[static_cast<std::size_t>(i)];
    const Corner& q = t[static_cast<std::size_t>((i + 1) % 3)];
    if (row < std::min(p.row, q.row) || row > std::max(p.row, q.row)) continue;
    const double whole = q.row - p.row;
    const double share = whole == 0 ? 0 : (row - p.row) / whole;
    for (const double col :
         {p.col + share * (q.col - p.col), whole == 0 ? q.col : p.col + share * (q.col - p.col)}) {
      low = std::min(low, col);
      high = std::max(high, col);
    }
  }
  if (low > high) return {1, 0};
  return {static_cast<std::int64_t>(std::floor(low)) - 1, static_cast<std::int64_t>(std::ceil(high)) + 1};
}

std::int64_t signed_area(const std::vector<Corner>& ring) {
  std::int64_t area = 0;
  for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
    area += std::int64_t{ring[i].row} * ring[i + 1].col - std::int64_t{ring[i].col} * ring[i + 1].row;
  }
  return area;
}

}  // namespace

ArcSimplifier::ArcSimplifier(const geo::Grid& grid, const SimplifyOptions& options, const CornerRows& corners)
    : grid_(grid), options_(options), corners_(corners) {}

void ArcSimplifier::add_ring(std::span<const Corner> ring,
                             std::span<const std::uint8_t> junctions,
                             std::vector<geo::MapPoint>& points) {
  const auto is_end = [&](std::size_t i) {
    const Corner& corner = ring[i];
    return junctions[i] != 0 || corner.row == 0 || corner.col == 0 || corner.row == grid_.rows ||
           corner.col == grid_.cols;
  };
  ring_.clear();
  std::size_t first = 0;
  while (first < ring.size() && !is_end(first)) ++first;
  const bool whole = first == ring.size();
  if (whole) first = 0;
  std::vector<Corner> arc = {ring[first]};
  for (std::size_t step = 1; step <= ring.size(); ++step) {
    const std::size_t i = (first + step) % ring.size();
    arc.push_back(ring[i]);
    if (step < ring.size() && (whole || !is_end(i))) continue;
    // The same way on both sides: from the lesser end; counterclockwise from an end to itself.
    const bool reversed = arc.front() == arc.back() ? signed_area(arc) < 0 : arc.back() < arc.front();
    if (reversed) std::reverse(arc.begin(), arc.end());
    simplify_arc(std::move(arc), reversed);
    arc = {ring[i]};
  }
  for (const Point& point : ring_) points.push_back(grid_.map_from_pixel({point.row, point.col}));
  points.push_back(grid_.map_from_pixel({ring_.front().row, ring_.front().col}));
}

void ArcSimplifier::simplify_arc(std::vector<Corner> arc, bool reversed) {
  arc_ = std::move(arc);
  const auto count = static_cast<std::uint32_t>(arc_.size());
  links_.assign(count, {});
  for (std::uint32_t i = 0; i < count; ++i) links_[i] = {i - 1, i + 1, false};
  inner_ = count - 2;
  places_.resize(count);
  std::iota(places_.begin(), places_.end(), 0U);
  std::sort(places_.begin(), places_.end(), [&](auto a, auto b) { return arc_[a] < arc_[b]; });
  bool left = false;
  bool right = false;
  for (const Corner& corner : arc_) {
    const std::int64_t side = turn(arc_.front(), arc_.back(), corner);
    left = left || side > 0;
    right = right || side < 0;
  }
  const bool closed = arc_.front() == arc_.back();
  least_inner_ = closed ? 2 : left != right ? 1 : 0;
  if (options_.tolerance > 0 && options_.method == SimplifyMethod::douglas_peucker) drop_by_distance();
  if (options_.tolerance > 0 && options_.method == SimplifyMethod::visvalingam_whyatt) drop_by_area();
  emit_arc(reversed);
}

/// Of every point the distance at which Douglas and Peucker's method would keep it; never more than that of
/// the point by which its stretch was made.
void ArcSimplifier::rank_by_distance() {
  const auto& g = grid_.geotransform;
  const auto place = [&](std::uint32_t i) {
    return std::pair(arc_[i].col * g[1] + arc_[i].row * g[2], arc_[i].col * g[4] + arc_[i].row * g[5]);
  };
  struct Stretch {
    std::uint32_t from, to;
    double limit;
  };
  ranks_.assign(arc_.size(), 0);
  std::vector<Stretch> open = {{0, static_cast<std::uint32_t>(arc_.size() - 1), 1e300}};
  while (!open.empty()) {
    const Stretch stretch = open.back();
    open.pop_back();
    if (stretch.to - stretch.from < 2) continue;
    const auto [ax, ay] = place(stretch.from);
    const auto [bx, by] = place(stretch.to);
    const double dx = bx - ax, dy = by - ay, square = dx * dx + dy * dy;
    std::uint32_t farthest = stretch.from + 1;
    double most = -1;
    for (std::uint32_t i = stretch.from + 1; i < stretch.to; ++i) {
      const auto [x, y] = place(i);
      const double along = square == 0 ? 0 : std::clamp(((x - ax) * dx + (y - ay) * dy) / square, 0.0, 1.0);
      const double off = std::hypot(x - ax - along * dx, y - ay - along * dy);
      if (off > most) farthest = i;
      most = std::max(most, off);
    }
    ranks_[farthest] = std::min(most, stretch.limit);
    open.push_back({stretch.from, farthest, ranks_[farthest]});
    open.push_back({farthest, stretch.to, ranks_[farthest]});
  }
}

void ArcSimplifier::drop_by_distance() {
  rank_by_distance();
  std::vector<std::uint32_t> waiting;
  for (std::uint32_t i = 1; i + 1 < arc_.size(); ++i) {
    if (ranks_[i] <= options_.tolerance) waiting.push_back(i);
  }
  std::sort(waiting.begin(), waiting.end(),
            [&](auto a, auto b) { return ranks_[a] != ranks_[b] ? ranks_[a] < ranks_[b] : a < b; });
  // A point that stands in the way of another may go later.
  for (std::size_t before = waiting.size() + 1; waiting.size() < before;) {
    before = waiting.size();
    std::vector<std::uint32_t> kept;
    for (const std::uint32_t i : waiting) {
      if (may_go(i)) {
        drop(i);
      } else {
        kept.push_back(i);
      }
    }
    waiting.swap(kept);
  }
}

double ArcSimplifier::triangle_area(std::uint32_t i) const {
  const auto& g = grid_.geotransform;
  const double pixel = std::abs(g[1] * g[5] - g[2] * g[4]);
  return 0.5 * pixel *
         std::abs(static_cast<double>(turn(arc_[links_[i].before], arc_[i], arc_[links_[i].after])));
}

void ArcSimplifier::drop_by_area() {
  using Entry = std::pair<double, std::uint32_t>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> waiting;
  ranks_.assign(arc_.size(), 0);
  const double most = options_.tolerance * options_.tolerance;
  const auto wait = [&](std::uint32_t i, double least) {
    if (i == 0 || i + 1 == arc_.size()) return;
    ranks_[i] = std::max(least, triangle_area(i));
    if (ranks_[i] <= most) waiting.push({ranks_[i], i});
  };
  for (std::uint32_t i = 1; i + 1 < arc_.size(); ++i) wait(i, 0);
  while (!waiting.empty()) {
    const auto [area, i] = waiting.top();
    waiting.pop();
    if (links_[i].gone || area != ranks_[i] || !may_go(i)) continue;
    drop(i);
    wait(links_[i].before, area);
    wait(links_[i].after, area);
  }
}

bool ArcSimplifier::may_go(std::uint32_t i) const {
  if (inner_ <= least_inner_) return false;
  const Link& link = links_[i];
  return !holds_corner({arc_[link.before], arc_[i], arc_[link.after]}, 1, link.before, link.after);
}

void ArcSimplifier::drop(std::uint32_t i) {
  Link& link = links_[i];
  link.gone = true;
  links_[link.before].after = link.after;
  links_[link.after].before = link.before;
  --inner_;
}

bool ArcSimplifier::holds_corner(const std::array<Corner, 3>& triangle,
                                 std::int64_t unit,
                                 std::uint32_t from,
                                 std::uint32_t to) const {
  const auto [top, bottom] = std::minmax({triangle[0].row, triangle[1].row, triangle[2].row});
  const auto own = [&](const Corner& corner) {
    const auto place = std::lower_bound(places_.begin(), places_.end(), corner,
                                        [&](std::uint32_t i, const Corner& c) { return arc_[i] < c; });
    for (auto it = place; it != places_.end() && arc_[*it] == corner; ++it) {
      if (*it >= from && *it <= to) return true;
    }
    return corner == arc_[from] || corner == arc_[to];
  };
  for (std::int64_t row = (top + unit - 1) / unit; row * unit <= bottom; ++row) {
    const auto [low, high] = columns_at(triangle, static_cast<double>(row * unit));
    const auto cols = corners_.row(row);
    for (auto it = std::lower_bound(cols.begin(), cols.end(), low / unit - 1); it != cols.end(); ++it) {
      if (*it * unit > high) break;
      const Corner scaled{static_cast<std::int32_t>(row * unit), static_cast<std::int32_t>(*it * unit)};
      if (inside(triangle, scaled) && !own({static_cast<std::int32_t>(row), *it})) return true;
    }
  }
  return false;
}

void ArcSimplifier::cut_corner(const Corner& a, const Corner& v, const Corner& b) {
  const auto between = [](const Point& p, const Point& q, double share) {
    return Point{p.row + share * (q.row - p.row), p.col + share * (q.col - p.col)};
  };
  const auto point = [](const Corner& c) {
    return Point{static_cast<double>(c.row), static_cast<double>(c.col)};
  };
  const Point first = between(point(v), point(a), 0.25);
  const Point second = between(point(v), point(b), 0.25);
  line_.push_back(between(point(v), point(a), 0.375));
  line_.push_back(between(first, second, 0.25));
  line_.push_back(between(first, second, 0.75));
  line_.push_back(between(point(v), point(b), 0.375));
}

/// Adds the arc but for its last point, which is the next one's first, to the ring.
void ArcSimplifier::emit_arc(bool reversed) {
  line_.clear();
  const auto last = static_cast<std::uint32_t>(arc_.size() - 1);
  for (std::uint32_t i = 0;; i = links_[i].after) {
    const Corner& v = arc_[i];
    bool cut = options_.smooth && i != 0 && i != last;
    if (cut) {
      const Corner& a = arc_[links_[i].before];
      const Corner& b = arc_[links_[i].after];
      const Corner to_a{v.row + a.row, v.col + a.col};
      const Corner to_b{v.row + b.row, v.col + b.col};
      cut = !holds_corner({to_a, Corner{2 * v.row, 2 * v.col}, to_b}, 2, links_[i].before, links_[i].after);
      if (cut) cut_corner(a, v, b);
    }
    if (!cut) line_.push_back({static_cast<double>(v.row), static_cast<double>(v.col)});
    if (i == last) break;
  }
  if (reversed) std::reverse(line_.begin(), line_.end());
  ring_.insert(ring_.end(), line_.begin(), line_.end() - 1);
}

}  // namespace scarp::vector

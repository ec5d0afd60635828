// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/object_batch.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace scarp::vector {
namespace {

constexpr std::size_t kNowhere = std::numeric_limits<std::size_t>::max();

/// Pixels enclosed (shoelace formula); negative for a hole.
std::int64_t enclosed_pixels(std::span<const Corner> ring) {
  std::int64_t area = 0;
  const Corner* before = &ring.back();
  for (const Corner& corner : ring) {
    area += static_cast<std::int64_t>(corner.row) * (corner.col - before->col);
    before = &corner;
  }
  return area;
}

}  // namespace

void ObjectBatch::clear() {
  corners_.clear();
  junctions_.clear();
  ring_ends_.clear();
  part_ends_.clear();
  records_.clear();
  sums_.clear();
}

TracedObject ObjectBatch::operator[](std::size_t i) const {
  const Record& record = records_[i];
  const bool last = i + 1 == records_.size();
  const std::size_t corners = (last ? corners_.size() : records_[i + 1].first_corner) - record.first_corner;
  const std::size_t rings = (last ? ring_ends_.size() : records_[i + 1].first_ring) - record.first_ring;
  const std::size_t parts = (last ? part_ends_.size() : records_[i + 1].first_part) - record.first_part;
  TracedObject object;
  object.value = record.value;
  object.pixels = record.pixels;
  object.window = record.window;
  object.first_col = record.key.first_col;
  object.corners = std::span(corners_).subspan(record.first_corner, corners);
  if (with_junctions_) object.junctions = std::span(junctions_).subspan(record.first_corner, corners);
  object.ring_ends = std::span(ring_ends_).subspan(record.first_ring, rings);
  object.part_ends = std::span(part_ends_).subspan(record.first_part, parts);
  if (!sums_.empty()) object.sums = &sums_[i];
  return object;
}

std::vector<std::uint32_t> ObjectBatch::order() const {
  std::vector<std::uint32_t> order(records_.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto before = [this](std::uint32_t a, std::uint32_t b) { return records_[a].key < records_[b].key; };
  // Most come row by row: then it is those of one row that are sorted.
  for (auto first = order.begin(); first != order.end();) {
    const std::int64_t row = records_[*first].key.last_row;
    auto end = first;
    while (end != order.end() && records_[*end].key.last_row == row) ++end;
    std::sort(first, end, before);
    first = end;
  }
  if (!std::is_sorted(order.begin(), order.end(), before)) std::sort(order.begin(), order.end(), before);
  return order;
}

void ObjectBatch::begin(std::int32_t value, const PixelSums* sums) {
  Record record;
  record.value = value;
  record.first_corner = corners_.size();
  record.first_ring = ring_ends_.size();
  record.first_part = part_ends_.size();
  records_.push_back(record);
  if (sums != nullptr) sums_.push_back(*sums);
  loops_.clear();
  part_ = 0;
}

void ObjectBatch::add_ring(std::span<const BorderEdge> edges, bool saddles) {
  const std::size_t begin = corners_.size();
  if (with_junctions_) {
    add_corners_and_junctions(edges);
  } else {
    add_corners(edges);
  }
  std::int64_t area = 0;
  for (const BorderEdge& edge : edges) {
    area += static_cast<std::int64_t>(edge.row) * (edge.to_col() - edge.from_col());
  }
  if (saddles && meets_itself(begin)) {
    split_at_saddles(begin);
  } else {
    end_loop(begin, area);
  }
}

/// The first edge is horizontal, as all are: an outer ring begins at its end, for the object lies under it.
void ObjectBatch::add_corners(std::span<const BorderEdge> edges) {
  const std::size_t begin = corners_.size();
  corners_.resize(begin + 2 * edges.size());
  saddles_.clear();
  const bool outer = edges.front().from > edges.front().to;
  const std::size_t count = 2 * edges.size();
  std::size_t at = outer ? count - 1 : 0;
  const auto put = [&](std::int32_t place, std::int32_t row) {
    corners_[begin + at] = {row, place >> BorderEdge::kMarkBits};
    if ((place & BorderEdge::kSaddle) != 0) saddles_.push_back(static_cast<std::uint32_t>(at));
    at = at + 1 == count ? 0 : at + 1;
  };
  for (const BorderEdge& edge : edges) {
    put(edge.from, edge.row);
    put(edge.to, edge.row);
  }
  // The last corner may have come first.
  if (!saddles_.empty() && saddles_.front() + 1 == count) {
    std::rotate(saddles_.begin(), saddles_.begin() + 1, saddles_.end());
  }
}

/// Edges that a junction cuts in two, and points of none, bring their corners twice.
void ObjectBatch::add_corners_and_junctions(std::span<const BorderEdge> edges) {
  const std::size_t begin = corners_.size();
  const auto put = [&](std::int32_t place, std::int32_t row) {
    const Corner corner{row, place >> BorderEdge::kMarkBits};
    if (corners_.size() > begin && corners_.back() == corner) return;
    corners_.push_back(corner);
    junctions_.push_back((place & BorderEdge::kJunction) != 0 ? 1 : 0);
  };
  const BorderEdge& first = edges.front();
  const bool outer = first.from > first.to;
  if (!outer) put(first.from, first.row);
  put(first.to, first.row);
  for (const BorderEdge& edge : edges.subspan(1)) {
    put(edge.from, edge.row);
    put(edge.to, edge.row);
  }
  if (outer) put(first.from, first.row);
  if (corners_.back() == corners_[begin]) {
    corners_.pop_back();
    junctions_.pop_back();
  }
  saddles_.clear();
  for (std::size_t i = begin; i < corners_.size(); ++i) {
    if (junctions_[i] != 0) saddles_.push_back(static_cast<std::uint32_t>(i - begin));
  }
}

void ObjectBatch::end_loop(std::size_t begin, std::int64_t area) {
  loops_.push_back({begin, corners_.size(), area, part_});
}

/// Moves the corners of the path from one place on to corners_, as a loop of their own.
void ObjectBatch::cut_loop(std::size_t from) {
  const auto first = path_.begin() + static_cast<std::ptrdiff_t>(from);
  const auto turn = std::min_element(first, path_.end()) - first;
  const std::size_t begin = corners_.size();
  const auto move = [&](auto& path, auto& to) {
    const auto start = path.begin() + static_cast<std::ptrdiff_t>(from);
    to.insert(to.end(), start + turn, path.end());
    to.insert(to.end(), start, start + turn);
    path.erase(start, path.end());
  };
  move(path_, corners_);
  if (with_junctions_) move(path_junctions_, junctions_);
  end_loop(begin, enclosed_pixels(std::span(corners_).subspan(begin)));
}

/// Sorts the saddles by their corners.
bool ObjectBatch::meets_itself(std::size_t begin) {
  const auto corner = [&](std::uint32_t i) { return corners_[begin + i]; };
  sorted_.assign(saddles_.begin(), saddles_.end());
  std::sort(sorted_.begin(), sorted_.end(),
            [&](std::uint32_t a, std::uint32_t b) { return corner(a) < corner(b); });
  return std::adjacent_find(sorted_.begin(), sorted_.end(), [&](std::uint32_t a, std::uint32_t b) {
           return corner(a) == corner(b);
         }) != sorted_.end();
}

/// The same number for saddles of the same corner.
void ObjectBatch::number_saddles(std::size_t begin) {
  numbers_.resize(corners_.size() - begin);  // of saddles only
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < sorted_.size(); ++i) {
    if (i > 0 && corners_[begin + sorted_[i]] != corners_[begin + sorted_[i - 1]]) ++number;
    numbers_[sorted_[i]] = number;
  }
  path_places_.assign(number + std::size_t{1}, kNowhere);
  path_saddles_.clear();
}

/// Cuts a loop out whenever the walk comes back to a corner, so that every ring passes each corner once.
void ObjectBatch::split_at_saddles(std::size_t begin) {
  number_saddles(begin);
  ring_.assign(corners_.begin() + static_cast<std::ptrdiff_t>(begin), corners_.end());
  corners_.resize(begin);
  if (with_junctions_) {
    ring_junctions_.assign(junctions_.begin() + static_cast<std::ptrdiff_t>(begin), junctions_.end());
    junctions_.resize(begin);
  }
  path_.clear();
  path_junctions_.clear();
  auto saddle = saddles_.begin();
  for (std::size_t i = 0; i < ring_.size(); ++i) {
    if (saddle != saddles_.end() && *saddle == i) {
      const std::uint32_t number = numbers_[i];
      if (path_places_[number] != kNowhere) leave_loop(number);
      path_places_[number] = path_.size();
      path_saddles_.push_back(number);
      ++saddle;
    }
    path_.push_back(ring_[i]);
    if (with_junctions_) path_junctions_.push_back(ring_junctions_[i]);
  }
  cut_loop(0);
}

/// The path came back to a saddle.
void ObjectBatch::leave_loop(std::uint32_t number) {
  const std::size_t from = path_places_[number];
  while (path_saddles_.back() != number) {
    path_places_[path_saddles_.back()] = kNowhere;
    path_saddles_.pop_back();
  }
  path_saddles_.pop_back();
  cut_loop(from);
}

void ObjectBatch::end_part() {
  ++part_;
}

/// Outer rings before their holes, these and the parts by their first corners.
void ObjectBatch::sort_loops() {
  std::vector<Corner> first_of_part(part_);
  for (const Loop& loop : loops_) {
    if (loop.area > 0) first_of_part[loop.part] = corners_[loop.begin];
  }
  std::sort(loops_.begin(), loops_.end(), [&](const Loop& a, const Loop& b) {
    if (a.part != b.part) return first_of_part[a.part] < first_of_part[b.part];
    if ((a.area > 0) != (b.area > 0)) return a.area > 0;
    return corners_[a.begin] < corners_[b.begin];
  });
  const std::size_t begin = records_.back().first_corner;
  ring_.assign(corners_.begin() + static_cast<std::ptrdiff_t>(begin), corners_.end());
  corners_.resize(begin);
  if (with_junctions_) {
    ring_junctions_.assign(junctions_.begin() + static_cast<std::ptrdiff_t>(begin), junctions_.end());
    junctions_.resize(begin);
  }
  for (Loop& loop : loops_) {
    const auto from = static_cast<std::ptrdiff_t>(loop.begin - begin);
    const auto to = static_cast<std::ptrdiff_t>(loop.end - begin);
    loop.begin = corners_.size();
    corners_.insert(corners_.end(), ring_.begin() + from, ring_.begin() + to);
    if (with_junctions_) {
      junctions_.insert(junctions_.end(), ring_junctions_.begin() + from, ring_junctions_.begin() + to);
    }
    loop.end = corners_.size();
  }
}

void ObjectBatch::bound(Record& record) const {
  constexpr std::int32_t kFar = std::numeric_limits<std::int32_t>::max();
  Corner low{kFar, kFar};
  Corner high{-kFar, -kFar};
  Corner first{kFar, kFar};
  for (const Loop& loop : loops_) {
    record.pixels += loop.area;
    if (loop.area <= 0) continue;
    first = std::min(first, corners_[loop.begin]);
    for (std::size_t i = loop.begin; i < loop.end; ++i) {
      const Corner& corner = corners_[i];
      low = {std::min(low.row, corner.row), std::min(low.col, corner.col)};
      high = {std::max(high.row, corner.row), std::max(high.col, corner.col)};
    }
  }
  record.window = {low.row, low.col, high.row - low.row, high.col - low.col};
  record.key = {high.row - 1, first.row, first.col};
}

void ObjectBatch::end() {
  Record& record = records_.back();
  if (loops_.size() > 1) sort_loops();
  bound(record);
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    ring_ends_.push_back(static_cast<std::uint32_t>(loops_[i].end - record.first_corner));
    const bool part_ends = i + 1 == loops_.size() || loops_[i + 1].part != loops_[i].part;
    if (part_ends) part_ends_.push_back(static_cast<std::uint32_t>(ring_ends_.size() - record.first_ring));
  }
}

}  // namespace scarp::vector

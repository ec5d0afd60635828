// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/object_batch.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <unordered_map>

namespace scarp::vector {
namespace {

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
  std::sort(order.begin(), order.end(),
            [this](std::uint32_t a, std::uint32_t b) { return records_[a].key < records_[b].key; });
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

void ObjectBatch::push(std::int32_t place, std::int32_t row) {
  corners_.push_back({row, place >> BorderEdge::kMarkBits});
  if (with_junctions_) junctions_.push_back((place & BorderEdge::kJunction) != 0 ? 1 : 0);
}

void ObjectBatch::add_ring(std::span<const BorderEdge> edges, bool saddles) {
  const std::size_t begin = corners_.size();
  const BorderEdge& first = edges.front();
  const bool outer = first.from > first.to;  // the object lies under its uppermost edge
  std::int64_t area = 0;
  if (!outer) push(first.from, first.row);
  push(first.to, first.row);
  for (const BorderEdge& edge : edges.subspan(1)) {
    push(edge.from, edge.row);
    if (!with_junctions_ || edge.from != edge.to) push(edge.to, edge.row);
  }
  if (outer) push(first.from, first.row);
  for (const BorderEdge& edge : edges) {
    area += static_cast<std::int64_t>(edge.row) * (edge.to_col() - edge.from_col());
  }
  if (with_junctions_) {
    // An edge that a junction cuts in two brings its corner twice.
    std::size_t kept = begin;
    for (std::size_t i = begin + 1; i < corners_.size(); ++i) {
      if (corners_[i] == corners_[kept]) continue;
      corners_[++kept] = corners_[i];
      junctions_[kept] = junctions_[i];
    }
    if (corners_[kept] == corners_[begin]) --kept;
    corners_.resize(kept + 1);
    junctions_.resize(kept + 1);
  }
  if (saddles && meets_itself(begin)) {
    split_at_saddles(begin);
  } else {
    end_loop(begin, area);
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

bool ObjectBatch::meets_itself(std::size_t begin) {
  sorted_.assign(corners_.begin() + static_cast<std::ptrdiff_t>(begin), corners_.end());
  std::sort(sorted_.begin(), sorted_.end());
  return std::adjacent_find(sorted_.begin(), sorted_.end()) != sorted_.end();
}

/// Cuts a loop out whenever the walk comes back to a corner, so that every ring passes each corner once.
void ObjectBatch::split_at_saddles(std::size_t begin) {
  ring_.assign(corners_.begin() + static_cast<std::ptrdiff_t>(begin), corners_.end());
  corners_.resize(begin);
  if (with_junctions_) {
    ring_junctions_.assign(junctions_.begin() + static_cast<std::ptrdiff_t>(begin), junctions_.end());
    junctions_.resize(begin);
  }
  const auto key = [](const Corner& corner) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(corner.row)) << 32 |
           static_cast<std::uint32_t>(corner.col);
  };
  std::unordered_map<std::uint64_t, std::size_t> places;
  path_.clear();
  path_junctions_.clear();
  for (std::size_t i = 0; i < ring_.size(); ++i) {
    const auto [seen, added] = places.try_emplace(key(ring_[i]), path_.size());
    if (!added) {
      const std::size_t from = seen->second;
      for (std::size_t j = from + 1; j < path_.size(); ++j) places.erase(key(path_[j]));
      cut_loop(from);
    }
    path_.push_back(ring_[i]);
    if (with_junctions_) path_junctions_.push_back(ring_junctions_[i]);
  }
  cut_loop(0);
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

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace scarp::vector {

/// A stretch of an object's border along one row of pixel corners, in the direction in which the object lies
/// left on a raster whose rows go down: eastwards under an object, westwards over it. The vertical stretches
/// of a border lie between the end of one edge and the start of the next, so that one edge is two corners.
/// `from` and `to` are columns times 4, plus marks of the corner.
struct BorderEdge {
  std::int32_t from = 0;
  std::int32_t to = 0;
  std::int32_t row = 0;

  static constexpr std::int32_t kSaddle = 1;    ///< four borders meet in the corner
  static constexpr std::int32_t kJunction = 2;  ///< three or four
  static constexpr int kMarkBits = 2;
  std::int32_t from_col() const { return from >> kMarkBits; }
  std::int32_t to_col() const { return to >> kMarkBits; }
};

inline constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

/// Borders under construction: singly linked edges. The first edge of a chain knows its last one and the last
/// its first, so that chains are joined, and a ring is found closed, in O(1) (two-arm chains).
class BorderChains {
 public:
  struct Node {
    BorderEdge edge;
    std::uint32_t next = kNone;
    std::uint32_t partner = kNone;  ///< of a first or last node: the node at the other end
  };

  void clear() {
    nodes_.clear();
    free_.clear();
  }
  const Node& operator[](std::uint32_t node) const { return nodes_[node]; }
  std::size_t open() const { return nodes_.size() - free_.size(); }

  /// A chain of one edge.
  std::uint32_t add(const BorderEdge& edge) {
    const std::uint32_t node = take(edge);
    nodes_[node].partner = node;
    return node;
  }
  /// @return the new last node
  std::uint32_t append(std::uint32_t last, const BorderEdge& edge) {
    const std::uint32_t node = take(edge);
    const std::uint32_t first = nodes_[last].partner;
    nodes_[last].next = node;
    nodes_[node].partner = first;
    nodes_[first].partner = node;
    return node;
  }
  /// @return the new first node
  std::uint32_t prepend(std::uint32_t first, const BorderEdge& edge) {
    const std::uint32_t node = take(edge);
    const std::uint32_t last = nodes_[first].partner;
    nodes_[node].next = first;
    nodes_[node].partner = last;
    nodes_[last].partner = node;
    return node;
  }
  /// Lets one chain go on in another. @return true if they were one and the same: a ring is closed
  bool join(std::uint32_t last, std::uint32_t first) {
    nodes_[last].next = first;
    const std::uint32_t new_first = nodes_[last].partner;
    if (new_first == first) return true;
    const std::uint32_t new_last = nodes_[first].partner;
    nodes_[new_first].partner = new_last;
    nodes_[new_last].partner = new_first;
    return false;
  }
  /// Notes a number in the unused link of a chain's last node.
  void name_last(std::uint32_t last, std::uint32_t name) { nodes_[last].next = name; }
  void release(std::uint32_t node) { free_.push_back(node); }

 private:
  std::uint32_t take(const BorderEdge& edge) {
    if (free_.empty()) {
      nodes_.push_back({edge, kNone, kNone});
      return static_cast<std::uint32_t>(nodes_.size() - 1);
    }
    const std::uint32_t node = free_.back();
    free_.pop_back();
    nodes_[node] = {edge, kNone, kNone};
    return node;
  }

  std::vector<Node> nodes_;
  std::vector<std::uint32_t> free_;
};

}  // namespace scarp::vector

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

#include "pipelines/vector/border_chains.h"
#include "pipelines/vector/edge_bits.h"

namespace scarp::vector {

/// The corners between two rows of pixels.
template <typename T>
struct CornerLine {
  const T* above = nullptr;  ///< null: outside the raster
  const T* below = nullptr;
  std::int32_t cols = 0;
  std::int32_t row = 0;  ///< of the corners: that of the pixels below
  std::optional<T> empty;
  const std::uint64_t* up = nullptr;             ///< vertical edges of the row above
  const std::uint64_t* down = nullptr;           ///< vertical edges of the row below
  const std::uint64_t* flat = nullptr;           ///< horizontal edges between both
  std::vector<std::int32_t>* corners = nullptr;  ///< where columns of corners are kept; null: nowhere
  bool junctions = false;  ///< borders get a point wherever three meet, also where they go straight on
};

/// The ends of borders that cross a row of pixels, by the column of their vertical edge.
struct OpenEnds {
  std::vector<std::uint32_t> left;  ///< of the object left of the edge, going up: the first node of a chain
  std::vector<std::uint32_t>
      right;  ///< of the object right of the edge, going down: the last node of a chain
};

namespace corner {

// What happens to the border of one of the four pixels around a corner (a b over c d), or of three of them.
// The first four end an edge that came from the left, the others start one.
enum Event : std::uint8_t {
  kBottomGoesUp = 1,       // a's corner: its lower border ends and goes on up
  kBottomGoesDown = 2,     // a, b, d: a lower border ends and goes on down
  kTopComesFromBelow = 4,  // c's corner
  kTopComesFromAbove = 8,  // b, c, d
  kBottomFromAbove = 16,   // b's corner: its left border goes on as a lower border
  kBottomFromBelow = 32,   // a, b, c
  kTopGoesDown = 64,       // d's corner
  kTopGoesUp = 128,        // a, c, d
};

enum Side : unsigned { kUp = 1, kDown = 2, kLeft = 4, kRight = 8 };

/// @param code  sides with an edge, and 16, 32, 64, 128 for empty a, b, c, d
constexpr std::uint8_t events_of(unsigned code) {
  const bool up = code & kUp, down = code & kDown, left = code & kLeft, right = code & kRight;
  const bool a = !(code & 16), b = !(code & 32), c = !(code & 64), d = !(code & 128);
  unsigned events = 0;
  if (a && up && left) events |= kBottomGoesUp;
  if (b && up && right) events |= kBottomFromAbove;
  if (c && down && left) events |= kTopComesFromBelow;
  if (d && down && right) events |= kTopGoesDown;
  if (a && !up && !left && down && right) events |= kBottomFromBelow;
  if (a && !up && !right && down && left) events |= kBottomGoesDown;
  if (a && !left && !down && up && right) events |= kTopGoesUp;
  if (b && !right && !down && up && left) events |= kTopComesFromAbove;
  return static_cast<std::uint8_t>(events);
}

constexpr std::array<std::uint8_t, 256> make_events() {
  std::array<std::uint8_t, 256> events{};
  for (unsigned code = 0; code < 256; ++code) events[code] = events_of(code);
  return events;
}
inline constexpr std::array<std::uint8_t, 256> kEvents = make_events();

/// By the sides with an edge.
constexpr std::array<std::int32_t, 16> make_marks() {
  std::array<std::int32_t, 16> marks{};
  for (unsigned sides = 0; sides < 16; ++sides) {
    const int borders = std::popcount(sides);
    marks[sides] = (borders == 4 ? BorderEdge::kSaddle : 0) | (borders >= 3 ? BorderEdge::kJunction : 0);
  }
  return marks;
}
inline constexpr std::array<std::int32_t, 16> kMarks = make_marks();

}  // namespace corner

/// Carries borders over one line of corners. Every pixel's corner is rounded where its two neighbours differ
/// from it, so that rings are those of 4-connected parts; a part that touches itself at a corner has a ring
/// that passes this corner twice (marked kSaddle).
/// @param closed  called as closed(node of the ring, column, left): a ring is closed; of the pixels beside
/// the
///                vertical edge in this column of the row above, the left or the right one is its object's
template <typename T, typename Closed>
class LineTracer {
 public:
  LineTracer(const CornerLine<T>& line, BorderChains& chains, OpenEnds& ends, Closed closed)
      : line_(line), chains_(chains), ends_(ends), closed_(closed) {}

  void run() {
    std::uint64_t carry = 0;
    const std::size_t words = edge_words(line_.cols);
    for (std::size_t k = 0; k < words; ++k) {
      const std::uint64_t up = line_.up[k];
      const std::uint64_t down = line_.down[k];
      const std::uint64_t right = line_.flat[k];
      const std::uint64_t left = (right << 1) | carry;
      carry = right >> 63;
      std::uint64_t corners = (up ^ down) | (up & down & (left | right));
      while (corners != 0) {
        const int bit = std::countr_zero(corners);
        corners &= corners - 1;
        const auto side = [bit](std::uint64_t word) { return static_cast<unsigned>(word >> bit) & 1U; };
        visit(static_cast<std::int32_t>(k * 64) + bit,
              side(up) | side(down) << 1 | side(left) << 2 | side(right) << 3);
      }
    }
  }

 private:
  /// An edge whose right end has not come yet.
  struct Pending {
    std::int32_t place = 0;      ///< its left end
    std::uint32_t node = kNone;  ///< the chain it belongs to; none if it goes on below
  };

  bool is_empty(const T* row, std::int32_t x) const {
    return row == nullptr || x < 0 || x >= line_.cols || row[x] == line_.empty;
  }

  unsigned empty_pixels(std::int32_t x) const {
    return static_cast<unsigned>(is_empty(line_.above, x - 1)) << 4 |
           static_cast<unsigned>(is_empty(line_.above, x)) << 5 |
           static_cast<unsigned>(is_empty(line_.below, x - 1)) << 6 |
           static_cast<unsigned>(is_empty(line_.below, x)) << 7;
  }

  void visit(std::int32_t x, unsigned sides) {
    const unsigned code = sides | empty_pixels(x);
    const std::uint8_t events = corner::kEvents[code];
    const std::int32_t place = (x << BorderEdge::kMarkBits) | corner::kMarks[sides];
    if (line_.corners != nullptr) line_.corners->push_back(x);
    const bool three =
        (corner::kMarks[sides] & (BorderEdge::kJunction | BorderEdge::kSaddle)) == BorderEdge::kJunction;
    if (line_.junctions && three) pass_straight(x, place, code);
    if (events & corner::kBottomGoesUp) end_bottom_up(x, place);
    if (events & corner::kBottomGoesDown) end_bottom_down(x, place);
    if (events & corner::kTopComesFromBelow) end_top_below(x, place);
    if (events & corner::kTopComesFromAbove) end_top_above(x, place);
    if (events & corner::kBottomFromAbove) bottom_ = {place, ends_.right[at(x)]};
    if (events & corner::kBottomFromBelow) bottom_ = {place, kNone};
    if (events & corner::kTopGoesDown) top_ = {place, kNone};
    if (events & corner::kTopGoesUp) top_ = {place, ends_.left[at(x)]};
  }

  static std::size_t at(std::int32_t x) { return static_cast<std::size_t>(x); }
  static std::int32_t col(std::int32_t place) { return place >> BorderEdge::kMarkBits; }

  void end_bottom_up(std::int32_t x, std::int32_t place) {
    const BorderEdge edge{bottom_.place, place, line_.row};
    const std::uint32_t goes_on = ends_.left[at(x)];
    if (bottom_.node == kNone) {
      ends_.left[at(col(bottom_.place))] = chains_.prepend(goes_on, edge);
      return;
    }
    const std::uint32_t node = chains_.append(bottom_.node, edge);
    if (chains_.join(node, goes_on)) closed_(node, x, true);
  }
  void end_bottom_down(std::int32_t x, std::int32_t place) {
    const BorderEdge edge{bottom_.place, place, line_.row};
    const bool alone = bottom_.node == kNone;
    const std::uint32_t node = alone ? chains_.add(edge) : chains_.append(bottom_.node, edge);
    if (alone) ends_.left[at(col(bottom_.place))] = node;
    ends_.right[at(x)] = node;
  }
  void end_top_below(std::int32_t x, std::int32_t place) {
    const BorderEdge edge{place, top_.place, line_.row};
    const bool alone = top_.node == kNone;
    const std::uint32_t node = alone ? chains_.add(edge) : chains_.prepend(top_.node, edge);
    if (alone) ends_.right[at(col(top_.place))] = node;
    ends_.left[at(x)] = node;
  }
  void end_top_above(std::int32_t x, std::int32_t place) {
    const BorderEdge edge{place, top_.place, line_.row};
    const std::uint32_t comes = chains_.append(ends_.right[at(x)], edge);
    if (top_.node == kNone) {
      ends_.right[at(col(top_.place))] = comes;
    } else if (chains_.join(comes, top_.node)) {
      closed_(comes, x, false);
    }
  }

  /// One of three borders that meet goes straight on: it gets a point, too.
  void pass_straight(std::int32_t x, std::int32_t place, unsigned code) {
    const bool a = !(code & 16), b = !(code & 32), c = !(code & 64);
    const BorderEdge point{place, place, line_.row};
    if (!(code & corner::kLeft) && a) ends_.left[at(x)] = chains_.prepend(ends_.left[at(x)], point);
    if (!(code & corner::kRight) && b) ends_.right[at(x)] = chains_.append(ends_.right[at(x)], point);
    if (!(code & corner::kUp) && a) {
      const BorderEdge edge{bottom_.place, place, line_.row};
      const bool alone = bottom_.node == kNone;
      const std::uint32_t node = alone ? chains_.add(edge) : chains_.append(bottom_.node, edge);
      if (alone) ends_.left[at(col(bottom_.place))] = node;
      bottom_ = {place, node};
    }
    if (!(code & corner::kDown) && c) {
      const BorderEdge edge{place, top_.place, line_.row};
      const bool alone = top_.node == kNone;
      const std::uint32_t node = alone ? chains_.add(edge) : chains_.prepend(top_.node, edge);
      if (alone) ends_.right[at(col(top_.place))] = node;
      top_ = {place, node};
    }
  }

  const CornerLine<T>& line_;
  BorderChains& chains_;
  OpenEnds& ends_;
  Closed closed_;
  Pending bottom_;  ///< of the object above
  Pending top_;     ///< of the object below
};

template <typename T, typename Closed>
void trace_line(const CornerLine<T>& line, BorderChains& chains, OpenEnds& ends, Closed closed) {
  LineTracer<T, Closed>(line, chains, ends, closed).run();
}

}  // namespace scarp::vector

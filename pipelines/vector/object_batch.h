// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "geo/window.h"
#include "pipelines/vector/border_chains.h"
#include "pipelines/vector/pixel_sums.h"

namespace scarp::vector {

/// A corner of pixels: (0, 0) is the outer corner of the raster's first pixel.
struct Corner {
  std::int32_t row = 0;
  std::int32_t col = 0;
  auto operator<=>(const Corner&) const = default;
};

/// A finished object in pixel corners. Exact and in one form only: no ring meets itself, no corner lies on a
/// straight edge (unless junctions were asked for), each ring starts at its first corner in row-major order
/// and does not repeat it. As seen on a raster whose rows go down, outer rings run counterclockwise, holes
/// clockwise; holes are sorted by their first corners, parts too.
struct TracedObject {
  std::int32_t value = 0;
  std::int64_t pixels = 0;
  geo::Window window;                        ///< that bounds its pixels
  std::int32_t first_col = 0;                ///< of its first pixel, which lies in row window.row
  std::span<const Corner> corners;           ///< of all rings, one after another
  std::span<const std::uint8_t> junctions;   ///< a corner each: 1 where three or more borders meet; empty
                                             ///< unless asked for
  std::span<const std::uint32_t> ring_ends;  ///< ring i ends before this corner
  std::span<const std::uint32_t>
      part_ends;                    ///< part i ends before this ring; its first ring is the outer one
  const PixelSums* sums = nullptr;  ///< over its pixels; null unless values were traced

  std::span<const Corner> ring(std::size_t i) const {
    const std::uint32_t begin = i == 0 ? 0 : ring_ends[i - 1];
    return corners.subspan(begin, ring_ends[i] - begin);
  }
};

/// Finished objects, one after another in a few arrays.
class ObjectBatch {
 public:
  explicit ObjectBatch(bool junctions = false) : with_junctions_(junctions) {}
  void clear();
  /// Empty, its memory kept.
  void reset(bool junctions) {
    clear();
    with_junctions_ = junctions;
  }
  std::size_t size() const { return records_.size(); }
  TracedObject operator[](std::size_t i) const;

  /// The order of objects: that of their last rows, then that of their first pixels.
  struct Key {
    std::int64_t last_row = 0;
    std::int64_t first_row = 0;
    std::int32_t first_col = 0;
    auto operator<=>(const Key&) const = default;
  };
  const Key& key(std::size_t i) const { return records_[i].key; }
  /// All objects by their keys.
  std::vector<std::uint32_t> order() const;

  // An object is built ring by ring: begin, for each part its rings and end_part, end.
  /// @param sums  over its pixels; null: none, and then for no object of the batch
  void begin(std::int32_t value, const PixelSums* sums);
  /// @param edges  a closed ring in its order, from the edge that holds its first corner in row-major order
  /// @param saddles  whether one of its corners is marked as a saddle
  void add_ring(std::span<const BorderEdge> edges, bool saddles);
  void end_part();
  void end();

 private:
  struct Record {
    Key key;
    std::int32_t value = 0;
    std::int64_t pixels = 0;
    geo::Window window;
    std::size_t first_corner = 0;
    std::size_t first_ring = 0;
    std::size_t first_part = 0;
  };
  /// A ring of the object under construction.
  struct Loop {
    std::size_t begin = 0;  ///< its corners in corners_
    std::size_t end = 0;
    std::int64_t area = 0;  ///< in pixels; negative for a hole
    std::uint32_t part = 0;
  };
  void add_corners(std::span<const BorderEdge> edges);
  void add_corners_and_junctions(std::span<const BorderEdge> edges);
  void end_loop(std::size_t begin, std::int64_t area);
  bool meets_itself(std::size_t begin);
  void split_at_saddles(std::size_t begin);
  void number_saddles(std::size_t begin);
  void leave_loop(std::uint32_t number);
  void cut_loop(std::size_t from);
  void sort_loops();
  void bound(Record& record) const;

  bool with_junctions_;
  std::vector<Corner> corners_;
  std::vector<std::uint8_t> junctions_;
  std::vector<std::uint32_t> ring_ends_;
  std::vector<std::uint32_t> part_ends_;
  std::vector<Record> records_;
  std::vector<PixelSums> sums_;  ///< one an object, or none

  std::vector<Loop> loops_;
  std::uint32_t part_ = 0;
  // Room that is used again.
  std::vector<std::uint32_t> saddles_;  ///< of the ring that came last: its corners that may come twice
  std::vector<std::uint32_t> sorted_;
  std::vector<std::uint32_t> numbers_;    ///< of each saddle its place, which is the same for the same corner
  std::vector<std::size_t> path_places_;  ///< of each place: where the path passes it; kNowhere
  std::vector<std::uint32_t> path_saddles_;  ///< places that the path passes, in its order
  std::vector<Corner> path_;
  std::vector<std::uint8_t> path_junctions_;
  std::vector<Corner> ring_;
  std::vector<std::uint8_t> ring_junctions_;
};

}  // namespace scarp::vector

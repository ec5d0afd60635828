// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "pipelines/vector/border_chains.h"
#include "pipelines/vector/pixel_sums.h"

namespace scarp::vector {

/// Neighbouring pixels of one row with one value.
struct Run {
  std::int32_t begin = 0;
  std::int32_t end = 0;
  std::int32_t value = 0;
  std::uint32_t part = kNone;
};

/// Which runs belong together, by union-find (He, Chao and Suzuki 2008, run-based one-pass labelling): runs
/// that share an edge are one part; parts of one value that meet at a corner are one object where objects are
/// 8-connected, and an object each where they are 4-connected. Rings are known by numbers of the caller's.
class Regions {
 public:
  struct Part {
    std::uint32_t parent = 0;
    std::uint32_t first_ring = kNone;
    std::uint32_t last_ring = kNone;
    std::uint32_t object = 0;
    std::uint32_t next_closed = kNone;  ///< in the object's list of closed parts
    std::int32_t value = 0;
  };
  struct Object {
    std::uint32_t parent = 0;
    std::uint32_t open_parts = 0;
    std::uint32_t first_closed = kNone;
    std::uint32_t last_closed = kNone;
    std::int64_t first_row = 0;
  };

  /// @param with_sums  whether objects have sums over their pixels
  void clear(bool with_sums);
  std::uint32_t add(std::int32_t value, std::int64_t row);
  std::uint32_t part_of(std::uint32_t part);
  std::uint32_t object_of(std::uint32_t part);
  void unite_parts(std::uint32_t a, std::uint32_t b);
  void unite_objects(std::uint32_t a, std::uint32_t b);
  void add_ring(std::uint32_t part, std::uint32_t ring);
  /// The outer ring of a part is closed. @return true if its object has no open part any more
  bool close_part(std::uint32_t part);

  /// Of the object that a part belongs to; only with sums.
  PixelSums& sums_of(std::uint32_t part) { return sums_[object_of(part)]; }

  const Part& part(std::uint32_t root) const { return parts_[root]; }
  const Object& object(std::uint32_t root) const { return objects_[root]; }
  std::uint32_t next_ring(std::uint32_t ring) const { return next_ring_[ring]; }
  std::uint32_t parts() const { return static_cast<std::uint32_t>(parts_.size()); }

  /// Labels the runs of row `row` by those of the row above. Runs that have a part already keep it.
  void label(const std::vector<Run>& above, std::vector<Run>& below, std::int64_t row, bool eight_connected);

  /// Forgets everything that no run leads to, in time that is paid for by the parts that were added since.
  /// Finished objects must have been handed out.
  void forget_all_but(std::vector<Run>& runs);

 private:
  void unite_object_roots(std::uint32_t a, std::uint32_t b);

  std::vector<Part> parts_;
  std::vector<Object> objects_;
  bool with_sums_ = false;
  std::vector<PixelSums> sums_;  ///< one an object; empty without sums
  std::vector<std::uint32_t> next_ring_;
  std::size_t kept_parts_ = 0;
};

/// The parts left and right of the vertical edges of a row, found by their columns.
struct EdgeParts {
  std::vector<std::uint32_t> left;   ///< [cols + 1]; anything where there is no edge or an empty pixel
  std::vector<std::uint32_t> right;  ///< likewise

  void resize(std::int32_t cols) {
    left.resize(static_cast<std::size_t>(cols) + 1);
    right.resize(static_cast<std::size_t>(cols) + 1);
  }
  void set(const std::vector<Run>& runs) {
    for (const Run& run : runs) {
      right[static_cast<std::size_t>(run.begin)] = run.part;
      left[static_cast<std::size_t>(run.end)] = run.part;
    }
  }
  std::uint32_t at(std::int32_t col, bool left_side) const {
    return (left_side ? left : right)[static_cast<std::size_t>(col)];
  }
};

/// The run that holds a pixel which is not empty.
const Run& run_at(const std::vector<Run>& runs, std::int32_t col);

}  // namespace scarp::vector

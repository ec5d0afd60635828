// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "pipelines/vector/object_batch.h"

namespace scarp::vector {

/// The first pixels of objects that became polygons: a hole that holds one must not be filled. What lies in a
/// hole is finished before the object around it.
class KeptObjects {
 public:
  void add(std::int64_t row, std::int32_t col);
  /// Whether one of the pixels lies inside of a ring that does not meet itself.
  bool any_in(std::span<const Corner> ring) const;
  /// No ring that is asked for any more begins above this row.
  void forget_above(std::int64_t row);

 private:
  std::map<std::int64_t, std::vector<std::int32_t>> cols_;  ///< of a row
};

}  // namespace scarp::vector

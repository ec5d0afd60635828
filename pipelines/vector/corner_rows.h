// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

namespace scarp::vector {

/// The corners in which borders turn or meet, of the rows that open objects reach.
class CornerRows {
 public:
  /// The next row of corners, from 0 on; columns ascend.
  void add(std::vector<std::int32_t> cols) { rows_.push_back(std::move(cols)); }
  /// Rows above this one are not asked for any more.
  void forget_above(std::int64_t row) {
    while (first_ < row && !rows_.empty()) {
      rows_.pop_front();
      ++first_;
    }
  }
  /// Columns of a row that is known: all rows from that of the first corner of an open object to the last
  /// that came.
  std::span<const std::int32_t> row(std::int64_t row) const {
    if (row < first_ || row >= first_ + static_cast<std::int64_t>(rows_.size())) return {};
    return rows_[static_cast<std::size_t>(row - first_)];
  }
  std::size_t kept_rows() const { return rows_.size(); }

 private:
  std::deque<std::vector<std::int32_t>> rows_;
  std::int64_t first_ = 0;
};

}  // namespace scarp::vector

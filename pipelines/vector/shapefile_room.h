// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "pipelines/vector/shape.h"

namespace scarp::vector {

/// A shapefile's parts hold 2 GiB each; GDAL goes on beyond that into files that others cannot read.
class ShapefileRoom {
 public:
  static constexpr std::uint64_t kMostBytes = (std::uint64_t{1} << 31) - 1;

  /// @param target         for messages
  /// @param table_row      bytes of a row of its table
  /// @param most_bytes     of each part
  ShapefileRoom(std::string target, std::uint64_t table_row, std::uint64_t most_bytes = kMostBytes);

  /// Counts a shape.
  /// @throws Error (out_of_space) before shapes or table grow too large
  void take(const ShapeView& shape);

 private:
  std::string target_;
  std::uint64_t table_row_;
  std::uint64_t most_bytes_;
  std::uint64_t shapes_bytes_;
  std::uint64_t table_bytes_;
  std::uint64_t count_ = 0;
};

}  // namespace scarp::vector

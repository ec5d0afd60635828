// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <fstream>
#include <span>
#include <string>

#include "geo/grid.h"

namespace scarp::pipelines {

/// Features as comma-separated text: row, col (of the patch), x, y (of its middle, in units of the CRS),
/// feature_0 and on. Appears whole or not at all.
class EmbedTable {
 public:
  /// @param grid  of patches
  /// @throws Error (already_exists, unwritable)
  EmbedTable(const std::string& path, const geo::Grid& grid, std::int64_t width, bool overwrite);
  ~EmbedTable();
  EmbedTable(const EmbedTable&) = delete;
  EmbedTable& operator=(const EmbedTable&) = delete;

  /// @param values [width, rows, cols]; a patch whose first feature is NaN has no row
  void write_rows(std::span<const float> values, std::int64_t first_row, std::int64_t rows);
  void finish();

 private:
  std::string path_, temporary_;
  geo::Grid grid_;
  std::int64_t width_;
  std::ofstream out_;
};

}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

namespace scarp::nn {

struct TokenGrid {
  int rows = 0;
  int columns = 0;
  /// Of its table: the cls row, then one a patch.
  std::size_t tokens() const {
    return 1 + static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
  }
  bool operator==(const TokenGrid&) const = default;
};

/// The fixed sine-cosine table of MAE [1 + rows * columns, width], row-major: the cls row is zero, of a
/// patch's row the first half tells x, the second y; each half is sines, then cosines.
/// @throws Error (bad_argument) unless width is a multiple of 4
std::vector<double> sine_cosine_table(TokenGrid grid, int width);

/// A table of positions [1 + rows * columns, width] on another grid: bicubic (a = -0.75), pixel corners not
/// aligned, no smoothing, borders repeated, by size. The cls row stays. As torch's interpolate.
std::vector<double> resized_table(const std::vector<double>& table, TokenGrid from, TokenGrid to, int width);

}  // namespace scarp::nn

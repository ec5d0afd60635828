// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace scarp::datasets {

/// Numbers on a grid of pixels. Heights of synthetic ground are in pixels too, so that slopes do not depend
/// on pixel size.
struct HeightField {
  int rows = 0;
  int cols = 0;
  std::vector<float> values;  ///< [rows, cols]

  HeightField() = default;
  HeightField(int row_count, int col_count, float value = 0)
      : rows(row_count), cols(col_count), values(static_cast<std::size_t>(row_count) * col_count, value) {}

  std::size_t index(int row, int col) const { return static_cast<std::size_t>(row) * cols + col; }
  float& at(int row, int col) { return values[index(row, col)]; }
  float at(int row, int col) const { return values[index(row, col)]; }
  bool inside(int row, int col) const { return row >= 0 && row < rows && col >= 0 && col < cols; }
  /// The nearest pixel's value: beyond the border, the border's.
  float clamped(int row, int col) const {
    return at(std::clamp(row, 0, rows - 1), std::clamp(col, 0, cols - 1));
  }

  struct Gradient {
    float down = 0;   ///< rise a pixel towards greater rows
    float right = 0;  ///< rise a pixel towards greater columns
  };
  Gradient gradient(int row, int col) const {
    const int above = std::max(row - 1, 0), below = std::min(row + 1, rows - 1);
    const int left = std::max(col - 1, 0), right = std::min(col + 1, cols - 1);
    return {(at(below, col) - at(above, col)) / static_cast<float>(below - above),
            (at(row, right) - at(row, left)) / static_cast<float>(right - left)};
  }
};

/// The field smoothed by a Gaussian of `sigma` pixels; 0 changes nothing.
HeightField smoothed(const HeightField& field, double sigma);

/// The rectangle of `rows` x `cols` whose upper left pixel is (row, col); it must lie inside.
HeightField cropped(const HeightField& field, int row, int col, int rows, int cols);

/// The value between pixels by cubic convolution (Keys 1981, a = -1/2); (0, 0) is the centre of the first
/// pixel.
float cubic_sample(const HeightField& field, float row, float col);

}  // namespace scarp::datasets

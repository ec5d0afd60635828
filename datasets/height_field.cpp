// SPDX-License-Identifier: Apache-2.0
#include "datasets/height_field.h"

#include <array>
#include <cmath>

namespace scarp::datasets {
namespace {

std::array<float, 4> cubic_weights(float t) {
  const float t2 = t * t, t3 = t2 * t;
  return {-0.5F * t3 + t2 - 0.5F * t, 1.5F * t3 - 2.5F * t2 + 1, -1.5F * t3 + 2 * t2 + 0.5F * t,
          0.5F * t3 - 0.5F * t2};
}

/// Weights of the centre and of the pixels beside it, out to three sigma; their sum over both sides is 1.
std::vector<float> gaussian_weights(double sigma) {
  std::vector<double> exact;
  double sum = 0;
  for (int i = 0; i <= static_cast<int>(std::ceil(3 * sigma)); ++i) {
    exact.push_back(std::exp(-0.5 * i * i / (sigma * sigma)));
    sum += (i == 0 ? 1 : 2) * exact.back();
  }
  std::vector<float> weights;
  for (const double weight : exact) weights.push_back(static_cast<float>(weight / sum));
  return weights;
}

HeightField smoothed_right(const HeightField& field, const std::vector<float>& weights) {
  HeightField result(field.rows, field.cols);
  const int reach = static_cast<int>(weights.size()) - 1;
  std::vector<float> line(
      static_cast<std::size_t>(field.cols + 2 * reach));  // a row with its border pixels repeated
  for (int row = 0; row < field.rows; ++row) {
    for (int i = 0; i < field.cols + 2 * reach; ++i) line[i] = field.clamped(row, i - reach);
    float* out = &result.at(row, 0);
    for (int i = -reach; i <= reach; ++i) {
      const float weight = weights[std::abs(i)];
      const float* from = line.data() + reach + i;
      for (int col = 0; col < field.cols; ++col) out[col] += weight * from[col];
    }
  }
  return result;
}

HeightField smoothed_down(const HeightField& field, const std::vector<float>& weights) {
  HeightField result(field.rows, field.cols);
  const int reach = static_cast<int>(weights.size()) - 1;
  for (int row = 0; row < field.rows; ++row) {
    float* out = &result.at(row, 0);
    for (int i = -reach; i <= reach; ++i) {
      const float weight = weights[std::abs(i)];
      const float* from = field.values.data() + field.index(std::clamp(row + i, 0, field.rows - 1), 0);
      for (int col = 0; col < field.cols; ++col) out[col] += weight * from[col];
    }
  }
  return result;
}

}  // namespace

HeightField smoothed(const HeightField& field, double sigma) {
  if (sigma <= 0) return field;
  const std::vector<float> weights = gaussian_weights(sigma);
  return smoothed_down(smoothed_right(field, weights), weights);
}

HeightField cropped(const HeightField& field, int row, int col, int rows, int cols) {
  HeightField result(rows, cols);
  for (int r = 0; r < rows; ++r) {
    const auto from = field.values.begin() + static_cast<std::ptrdiff_t>(field.index(row + r, col));
    std::copy(from, from + cols, result.values.begin() + static_cast<std::ptrdiff_t>(result.index(r, 0)));
  }
  return result;
}

float cubic_sample(const HeightField& field, float row, float col) {
  const float floor_row = std::floor(row), floor_col = std::floor(col);
  const int r = static_cast<int>(floor_row), c = static_cast<int>(floor_col);
  const std::array<float, 4> by_row = cubic_weights(row - floor_row), by_col = cubic_weights(col - floor_col);
  float sum = 0;
  for (int i = 0; i < 4; ++i) {
    float line = 0;
    for (int j = 0; j < 4; ++j) line += by_col[j] * field.clamped(r + i - 1, c + j - 1);
    sum += by_row[i] * line;
  }
  return sum;
}

}  // namespace scarp::datasets

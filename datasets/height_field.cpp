// SPDX-License-Identifier: Apache-2.0
#include "datasets/height_field.h"

#include <array>
#include <cmath>

#include <opencv2/imgproc.hpp>

namespace scarp::datasets {
namespace {

std::array<float, 4> cubic_weights(float t) {
  const float t2 = t * t, t3 = t2 * t;
  return {-0.5F * t3 + t2 - 0.5F * t, 1.5F * t3 - 2.5F * t2 + 1, -1.5F * t3 + 2 * t2 + 0.5F * t,
          0.5F * t3 - 0.5F * t2};
}

}  // namespace

HeightField smoothed(const HeightField& field, double sigma) {
  HeightField result(field.rows, field.cols);
  const cv::Mat from(field.rows, field.cols, CV_32F, const_cast<float*>(field.values.data()));
  cv::Mat to(field.rows, field.cols, CV_32F, result.values.data());
  if (sigma <= 0) {
    from.copyTo(to);
  } else {
    cv::GaussianBlur(from, to, {}, sigma, sigma, cv::BORDER_REPLICATE);
  }
  return result;
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

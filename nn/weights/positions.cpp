// SPDX-License-Identifier: Apache-2.0
#include "nn/weights/positions.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>

#include "nn/error.h"

namespace scarp::nn {
namespace {

constexpr double kCubic = -0.75;

struct Taps {
  std::array<int, 4> place;
  std::array<double, 4> weight;
};

double near_weight(double x) {  // |x| <= 1
  return ((kCubic + 2) * x - (kCubic + 3)) * x * x + 1;
}

double far_weight(double x) {  // 1 < |x| < 2
  return ((kCubic * x - 5 * kCubic) * x + 8 * kCubic) * x - 4 * kCubic;
}

std::vector<Taps> taps_along(int from, int to) {
  std::vector<Taps> all(static_cast<std::size_t>(to));
  for (int i = 0; i < to; ++i) {
    const double centre = (i + 0.5) * from / to - 0.5;
    const double floor = std::floor(centre);
    const double t = centre - floor;
    Taps& taps = all[static_cast<std::size_t>(i)];
    taps.weight = {far_weight(1 + t), near_weight(t), near_weight(1 - t), far_weight(2 - t)};
    for (int k = 0; k < 4; ++k)
      taps.place[static_cast<std::size_t>(k)] = std::clamp(static_cast<int>(floor) + k - 1, 0, from - 1);
  }
  return all;
}

}  // namespace

std::vector<double> sine_cosine_table(TokenGrid grid, int width) {
  if (width <= 0 || width % 4 != 0)
    throw Error(Fault::bad_argument,
                "a sine-cosine table needs a width that is a multiple of 4, not " + std::to_string(width));
  const int quarter = width / 4;
  std::vector<double> table(grid.tokens() * static_cast<std::size_t>(width));
  double* row = table.data() + width;
  for (int y = 0; y < grid.rows; ++y) {
    for (int x = 0; x < grid.columns; ++x, row += width) {
      for (int k = 0; k < quarter; ++k) {
        const double turn = std::pow(10000.0, -static_cast<double>(k) / quarter);
        row[k] = std::sin(x * turn);
        row[quarter + k] = std::cos(x * turn);
        row[2 * quarter + k] = std::sin(y * turn);
        row[3 * quarter + k] = std::cos(y * turn);
      }
    }
  }
  return table;
}

std::vector<double> resized_table(const std::vector<double>& table, TokenGrid from, TokenGrid to, int width) {
  const auto stride = static_cast<std::size_t>(width);
  std::vector<double> resized(to.tokens() * stride);
  std::copy_n(table.begin(), stride, resized.begin());
  const std::vector<Taps> vertical = taps_along(from.rows, to.rows);
  const std::vector<Taps> horizontal = taps_along(from.columns, to.columns);
  double* out = resized.data() + stride;
  for (const Taps& y : vertical) {
    for (const Taps& x : horizontal) {
      for (std::size_t row = 0; row < 4; ++row) {
        for (std::size_t column = 0; column < 4; ++column) {
          const double weight = y.weight[row] * x.weight[column];
          const int token = 1 + y.place[row] * from.columns + x.place[column];
          const double* in = table.data() + static_cast<std::size_t>(token) * stride;
          for (std::size_t d = 0; d < stride; ++d) out[d] += weight * in[d];
        }
      }
      out += stride;
    }
  }
  return resized;
}

}  // namespace scarp::nn

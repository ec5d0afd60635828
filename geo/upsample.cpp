// SPDX-License-Identifier: Apache-2.0
#include "geo/upsample.h"

#include <algorithm>

namespace scarp::geo {
namespace {

std::int64_t cell_floor(std::int64_t a, std::int64_t b) {
  return a >= 0 ? a / b : -((-a + b - 1) / b);
}

inline float mixed(float a, float b, float weight) {
  return a + (b - a) * weight;
}

}  // namespace

Upsampler::Upsampler(const Window& window, std::int64_t factor)
    : window_(window),
      rows_(taps(window.row, window.rows, factor)),
      cols_(taps(window.col, window.cols, factor)) {
  cells_.row = rows_.front().first;
  cells_.col = cols_.front().first;
  cells_.rows = rows_.back().first + 2 - cells_.row;
  cells_.cols = cols_.back().first + 2 - cells_.col;
  for (Tap& tap : rows_) tap.first -= cells_.row;
  for (Tap& tap : cols_) tap.first -= cells_.col;
}

std::vector<Upsampler::Tap> Upsampler::taps(std::int64_t begin, std::int64_t count, std::int64_t factor) {
  std::vector<Tap> made;
  for (std::int64_t pixel = begin; pixel < begin + count; ++pixel) {
    // Twice the pixel's distance from the first cell's centre, in pixels: a whole number.
    const std::int64_t doubled = 2 * pixel + 1 - factor;
    const std::int64_t first = cell_floor(doubled, 2 * factor);
    const float weight = static_cast<float>(static_cast<double>(doubled - first * 2 * factor) /
                                            static_cast<double>(2 * factor));
    made.push_back({first, static_cast<int>(cell_floor(pixel, factor) - first), weight});
  }
  return made;
}

void Upsampler::run(std::span<const float> plane,
                    std::span<const std::uint8_t> plane_valid,
                    float* out,
                    std::int64_t stride) const {
  const auto width = static_cast<std::size_t>(cells_.cols);
  std::vector<float> between(width);
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    const Tap& r = rows_[row];
    const auto start = static_cast<std::size_t>(r.first) * width;
    const float* up = plane.data() + start;
    const float* down = up + width;
    const std::uint8_t* up_valid = plane_valid.data() + start;
    const std::uint8_t* down_valid = up_valid + width;
    float* target = out + static_cast<std::int64_t>(row) * stride;
    std::uint8_t all = 1;
    for (std::size_t i = 0; i < width; ++i)
      all = static_cast<std::uint8_t>(all & up_valid[i] & down_valid[i]);
    if (all != 0) {
      for (std::size_t i = 0; i < width; ++i) between[i] = mixed(up[i], down[i], r.weight);
      for (std::size_t i = 0; i < cols_.size(); ++i) {
        const float* at = between.data() + cols_[i].first;
        target[i] = mixed(at[0], at[1], cols_[i].weight);
      }
      continue;
    }
    const std::uint8_t* own_row_valid = r.own == 0 ? up_valid : down_valid;
    const float* own_row = r.own == 0 ? up : down;
    for (std::size_t i = 0; i < cols_.size(); ++i) {
      const Tap& c = cols_[i];
      const std::int64_t own = c.first + c.own;
      if (own_row_valid[own] == 0) {
        target[i] = 0;
        continue;
      }
      const auto known = [&](const float* values, const std::uint8_t* valid, std::int64_t col) {
        return valid[col] != 0 ? values[col] : own_row[own];
      };
      const float left = mixed(known(up, up_valid, c.first), known(down, down_valid, c.first), r.weight);
      const float right =
          mixed(known(up, up_valid, c.first + 1), known(down, down_valid, c.first + 1), r.weight);
      target[i] = mixed(left, right, c.weight);
    }
  }
}

void Upsampler::run_valid(std::span<const std::uint8_t> plane_valid,
                          std::uint8_t* out,
                          std::int64_t stride) const {
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    const std::uint8_t* valid = plane_valid.data() + (rows_[row].first + rows_[row].own) * cells_.cols;
    std::uint8_t* target = out + static_cast<std::int64_t>(row) * stride;
    for (std::size_t i = 0; i < cols_.size(); ++i) target[i] = valid[cols_[i].first + cols_[i].own];
  }
}

}  // namespace scarp::geo

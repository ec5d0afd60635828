// SPDX-License-Identifier: Apache-2.0
#include "geo/bilinear.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace scarp::geo {
namespace {

constexpr float kInvalid = std::numeric_limits<float>::quiet_NaN();
constexpr float kNoWeight = 1e-4F;

/// Between two values; a side without weight does not count, not even as NaN.
inline float between(float a, float b, float weight) {
  const float mixed = a + (b - a) * weight;
  const float lower = weight < kNoWeight ? a : mixed;
  return weight > 1.0F - kNoWeight ? b : lower;
}

/// One axis of positions relative to a whole pixel `base`, small enough for floats.
struct Axis {
  std::int64_t base;
  float outer_low, outer_high;  ///< the raster's border
  float inner_low, inner_high;  ///< centres of the first and last pixel, and of `base`
  Axis(double lowest, std::int64_t size)
      : base(static_cast<std::int64_t>(std::floor(lowest))),
        outer_low(static_cast<float>(-0.5 - static_cast<double>(base))),
        outer_high(static_cast<float>(static_cast<double>(size - base) - 0.5)),
        inner_low(std::max(0.0F, static_cast<float>(-base))),
        inner_high(static_cast<float>(size - 1 - base)) {}
  bool beyond() const { return inner_high < inner_low - 1.0F; }
  bool inside(float position) const { return position >= outer_low && position < outer_high; }
  float clamped(float position) const {
    const float low = position < inner_low ? inner_low : position;
    return low > inner_high ? inner_high : low;
  }
};

inline float sample(const float* origin,
                    std::int32_t stride,
                    const Axis& rows,
                    const Axis& cols,
                    float row,
                    float col) {
  const float r = rows.clamped(row);
  const float c = cols.clamped(col);
  const auto ir = static_cast<std::int32_t>(r);
  const auto ic = static_cast<std::int32_t>(c);
  const float* at = origin + static_cast<std::ptrdiff_t>(ir) * stride + ic;
  const float u = c - static_cast<float>(ic);
  const float value =
      between(between(at[0], at[1], u), between(at[stride], at[stride + 1], u), r - static_cast<float>(ir));
  return rows.inside(row) && cols.inside(col) ? value : kInvalid;
}

void fill_cell(std::int64_t step, float* target, std::int64_t stride) {
  for (std::int64_t y = 0; y < step; ++y) std::fill_n(target + y * stride, step, kInvalid);
}

const float* origin_of(const BilinearSource& source, const Axis& rows, const Axis& cols) {
  return source.metres + (rows.base - source.window.row) * source.window.cols + cols.base - source.window.col;
}

}  // namespace

void sample_cell(const BilinearSource& source,
                 const PositionLattice::Cell& cell,
                 std::int64_t step,
                 float* target,
                 std::int64_t stride) {
  // A base inside the raster, so that the pixel at `base` exists and offsets are not negative.
  const double lowest_row =
      std::clamp(*std::min_element(cell.row, cell.row + 4), -1.0, static_cast<double>(source.raster_rows));
  const double lowest_col =
      std::clamp(*std::min_element(cell.col, cell.col + 4), -1.0, static_cast<double>(source.raster_cols));
  const Axis rows(lowest_row, source.raster_rows);
  const Axis cols(lowest_col, source.raster_cols);
  if (rows.beyond() || cols.beyond()) return fill_cell(step, target, stride);
  const float* origin = origin_of(source, rows, cols);
  const auto source_stride = static_cast<std::int32_t>(source.window.cols);
  const double side = static_cast<double>(step);
  for (std::int64_t y = 0; y < step; ++y) {
    const double down = static_cast<double>(y) / side;
    const double row_left = cell.row[0] + (cell.row[2] - cell.row[0]) * down;
    const double row_right = cell.row[1] + (cell.row[3] - cell.row[1]) * down;
    const double col_left = cell.col[0] + (cell.col[2] - cell.col[0]) * down;
    const double col_right = cell.col[1] + (cell.col[3] - cell.col[1]) * down;
    const auto row = static_cast<float>(row_left - static_cast<double>(rows.base));
    const auto col = static_cast<float>(col_left - static_cast<double>(cols.base));
    const auto row_step = static_cast<float>((row_right - row_left) / side);
    const auto col_step = static_cast<float>((col_right - col_left) / side);
    float* out = target + y * stride;
    for (std::int32_t x = 0; x < static_cast<std::int32_t>(step); ++x) {
      const auto t = static_cast<float>(x);
      out[x] = sample(origin, source_stride, rows, cols, row + row_step * t, col + col_step * t);
    }
  }
}

void sample_pixels(const BilinearSource& source,
                   const CellPixels& pixels,
                   std::int64_t step,
                   float* target,
                   std::int64_t stride) {
  for (std::int64_t i = 0; i < step * step; ++i) {
    const double row = pixels.rows[static_cast<std::size_t>(i)];
    const double col = pixels.cols[static_cast<std::size_t>(i)];
    float& out = target[i / step * stride + i % step];
    const bool inside = row >= -0.5 && row < static_cast<double>(source.raster_rows) - 0.5 && col >= -0.5 &&
                        col < static_cast<double>(source.raster_cols) - 0.5;
    if (!inside) {  // not a number, too
      out = kInvalid;
      continue;
    }
    const Axis rows(row, source.raster_rows);
    const Axis cols(col, source.raster_cols);
    out = sample(origin_of(source, rows, cols), static_cast<std::int32_t>(source.window.cols), rows, cols,
                 static_cast<float>(row - static_cast<double>(rows.base)),
                 static_cast<float>(col - static_cast<double>(cols.base)));
  }
}

void split_validity(const float* coded, std::int64_t count, float* metres, std::uint8_t* valid) {
  for (std::int64_t i = 0; i < count; ++i) metres[i] = std::isnan(coded[i]) ? 0.0F : coded[i];
  for (std::int64_t i = 0; i < count; ++i) valid[i] = std::isnan(coded[i]) ? 0 : 1;
}

}  // namespace scarp::geo

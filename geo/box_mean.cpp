// SPDX-License-Identifier: Apache-2.0
#include "geo/box_mean.h"

#include <algorithm>
#include <bit>

namespace scarp::geo {
namespace {

constexpr float kUnitsPerMetre = 1024.0F;
constexpr float kFarthestMetres = 1.0e6F;

/// What a sum of units is multiplied by to be a mean in metres: a function of the count alone.
double metres_per_sum(std::int64_t count) {
  return 1.0 / (static_cast<double>(std::max<std::int64_t>(1, count)) * kUnitsPerMetre);
}

/// A whole number below 2^51 as a double, by putting it into the mantissa of 1.5 * 2^52: unlike a cast, this
/// goes into the vectors of every processor. The largest sum is that of 1025 x 1025 pixels of a million
/// metres, below 2^50.
double exact_double(std::int64_t value) {
  constexpr std::int64_t kBits = 0x4338000000000000;
  constexpr double kOffset = 6755399441055744.0;
  return std::bit_cast<double>(value + kBits) - kOffset;
}

}  // namespace

std::vector<std::int32_t> quantised(const ElevationView& elevation) {
  const std::size_t count = elevation.metres.size();
  std::vector<std::int32_t> made(count);
  std::int32_t* units = made.data();
  const float* metres = elevation.metres.data();
  const std::uint8_t* valid = elevation.valid.data();
  for (std::size_t i = 0; i < count; ++i) {
    const float height = metres[i];
    const float low = height < kFarthestMetres ? height : kFarthestMetres;
    const float both = low > -kFarthestMetres ? low : -kFarthestMetres;
    units[i] = static_cast<std::int32_t>(both * kUnitsPerMetre) * (valid[i] != 0 ? 1 : 0);
  }
  return made;
}

RelativeElevation::RelativeElevation(const ElevationView& elevation,
                                     std::span<const std::int32_t> quantised,
                                     const Window& core,
                                     int window_px)
    : elevation_(elevation),
      quantised_(quantised),
      core_(core),
      complete_(std::find(elevation.valid.begin(), elevation.valid.end(), 0) == elevation.valid.end()),
      half_(window_px / 2),
      row_(core.row),
      reach_(intersection(core.grown(half_), elevation.window)),
      sum_(static_cast<std::size_t>(reach_.cols)),
      count_(sum_.size()),
      sum_before_(sum_.size() + 1),
      count_before_(sum_.size() + 1) {
  // The window of the row before the first, without its last row, which next_row adds.
  for (std::int64_t row = core.row - half_; row < core.row + half_; ++row) add_row(row, 1);
}

void RelativeElevation::add_row(std::int64_t row, int sign) {
  if (row < reach_.row || row >= reach_.row_end()) return;
  rows_inside_ += sign;
  const std::int64_t start =
      (row - elevation_.window.row) * elevation_.window.cols + reach_.col - elevation_.window.col;
  const std::int32_t* units = quantised_.data() + start;
  const std::uint8_t* valid = elevation_.valid.data() + start;
  std::int64_t* sum = sum_.data();
  std::int32_t* count = count_.data();
  const std::int64_t cols = reach_.cols;
  const std::int32_t flip = sign < 0 ? -1 : 0;  // -u is ~u + 1; a multiplication would cost vectors dearly
  for (std::int64_t i = 0; i < cols; ++i) sum[i] += (units[i] ^ flip) - flip;
  if (complete_) return;
  for (std::int64_t i = 0; i < cols; ++i) count[i] += (static_cast<std::int32_t>(valid[i]) ^ flip) - flip;
}

void RelativeElevation::sum_columns() {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < sum_.size(); ++i) sum_before_[i + 1] = sum += sum_[i];
  if (complete_) return;
  std::int64_t count = 0;
  for (std::size_t i = 0; i < sum_.size(); ++i) count_before_[i + 1] = count += count_[i];
}

std::int64_t RelativeElevation::count_between(std::int64_t first, std::int64_t last) const {
  return complete_ ? rows_inside_ * (last - first) : count_before_[last] - count_before_[first];
}

void RelativeElevation::general_pixels(std::int64_t begin, std::int64_t end, std::span<float> out) const {
  const std::int64_t start =
      (row_ - elevation_.window.row) * elevation_.window.cols + core_.col - elevation_.window.col;
  const float* metres = elevation_.metres.data() + start;
  const std::uint8_t* valid = elevation_.valid.data() + start;
  const std::int64_t offset = core_.col - reach_.col;
  std::int64_t known = 0;
  double factor = metres_per_sum(known);
  for (std::int64_t i = begin; i < end; ++i) {
    if (valid[i] == 0) continue;
    const std::int64_t first = std::max<std::int64_t>(0, offset + i - half_);
    const std::int64_t last = std::min(reach_.cols, offset + i + half_ + 1);
    const std::int64_t count = count_between(first, last);
    if (count != known) factor = metres_per_sum(count);
    known = count;
    out[i] =
        static_cast<float>(metres[i] - static_cast<double>(sum_before_[last] - sum_before_[first]) * factor);
  }
}

void RelativeElevation::next_row(std::span<float> out) {
  add_row(row_ + half_, 1);
  sum_columns();
  const std::int64_t offset = core_.col - reach_.col;
  const bool all_valid = count_between(0, reach_.cols) == rows_inside_ * reach_.cols;
  // Pixels whose window is inside the view and without a hole have all the same count.
  const std::int64_t begin = all_valid ? std::clamp<std::int64_t>(half_ - offset, 0, core_.cols) : core_.cols;
  const std::int64_t end = std::clamp<std::int64_t>(reach_.cols - half_ - offset, begin, core_.cols);
  const double factor = metres_per_sum(rows_inside_ * (2 * half_ + 1));
  const float* metres = elevation_.metres.data() + (row_ - elevation_.window.row) * elevation_.window.cols +
                        core_.col - elevation_.window.col;
  const std::int64_t* first = sum_before_.data() + offset - half_;
  const std::int64_t* last = first + 2 * half_ + 1;
  float* target = out.data();
#pragma GCC ivdep
  for (std::int64_t i = begin; i < end; ++i) {
    target[i] = static_cast<float>(metres[i] - exact_double(last[i] - first[i]) * factor);
  }
  general_pixels(0, begin, out);
  general_pixels(end, core_.cols, out);
  add_row(row_ - half_, -1);
  ++row_;
}

}  // namespace scarp::geo

// SPDX-License-Identifier: Apache-2.0
#include "geo/box_mean.h"

#include <algorithm>

namespace scarp::geo {
namespace {

constexpr float kUnitsPerMetre = 1024.0F;
constexpr float kFarthestMetres = 1.0e6F;

}  // namespace

std::vector<std::int32_t> quantised(const ElevationView& elevation) {
  std::vector<std::int32_t> units(elevation.metres.size());
  const float* metres = elevation.metres.data();
  const std::uint8_t* valid = elevation.valid.data();
  for (std::size_t i = 0; i < units.size(); ++i) {
    float z = valid[i] != 0 ? metres[i] : 0.0F;
    z = z < kFarthestMetres ? z : kFarthestMetres;
    z = z > -kFarthestMetres ? z : -kFarthestMetres;
    units[i] = static_cast<std::int32_t>(z * kUnitsPerMetre);
  }
  return units;
}

RelativeElevation::RelativeElevation(const ElevationView& elevation,
                                     std::span<const std::int32_t> quantised,
                                     const Window& core,
                                     int window_px)
    : elevation_(elevation),
      quantised_(quantised),
      core_(core),
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
  const std::int64_t start =
      (row - elevation_.window.row) * elevation_.window.cols + reach_.col - elevation_.window.col;
  const std::int32_t* units = quantised_.data() + start;
  const std::uint8_t* valid = elevation_.valid.data() + start;
  std::int64_t* sum = sum_.data();
  std::int32_t* count = count_.data();
  for (std::int64_t i = 0; i < reach_.cols; ++i) sum[i] += sign * static_cast<std::int64_t>(units[i]);
  for (std::int64_t i = 0; i < reach_.cols; ++i) count[i] += sign * static_cast<std::int32_t>(valid[i]);
}

void RelativeElevation::sum_columns() {
  std::int64_t sum = 0;
  std::int64_t count = 0;
  for (std::size_t i = 0; i < sum_.size(); ++i) {
    sum += sum_[i];
    count += count_[i];
    sum_before_[i + 1] = sum;
    count_before_[i + 1] = count;
  }
}

void RelativeElevation::next_row(std::span<float> out) {
  add_row(row_ + half_, 1);
  sum_columns();
  const float* metres = elevation_.metres.data() + (row_ - elevation_.window.row) * elevation_.window.cols +
                        core_.col - elevation_.window.col;
  const std::int64_t offset = core_.col - reach_.col;
  for (std::int64_t i = 0; i < core_.cols; ++i) {
    const std::int64_t first = std::max<std::int64_t>(0, offset + i - half_);
    const std::int64_t last = std::min(reach_.cols, offset + i + half_ + 1);
    const std::int64_t count = std::max<std::int64_t>(1, count_before_[last] - count_before_[first]);
    const double sum = static_cast<double>(sum_before_[last] - sum_before_[first]);
    out[i] = static_cast<float>(metres[i] - sum / (static_cast<double>(count) * kUnitsPerMetre));
  }
  add_row(row_ - half_, -1);
  ++row_;
}

}  // namespace scarp::geo

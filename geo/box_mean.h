// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "geo/terrain.h"

namespace scarp::geo {

/// Elevations as integers, 1/1024 m: their sums are exact, so that a mean does not depend on the order of
/// addition, and with it not on how windows were cut. Elevations beyond a million metres are taken as that.
std::vector<std::int32_t> quantised(const ElevationView& elevation);

/// Elevation above the mean of the valid pixels in a square window around each pixel, row after row. The cost
/// of a pixel does not depend on the size of the window.
class RelativeElevation {
 public:
  /// @param quantised  of `elevation`; both must outlive this
  RelativeElevation(const ElevationView& elevation,
                    std::span<const std::int32_t> quantised,
                    const Window& core,
                    int window_px);
  /// The next row of the core. Values at invalid pixels mean nothing.
  void next_row(std::span<float> out);

 private:
  void add_row(std::int64_t row, int sign);
  void sum_columns();
  std::int64_t count_between(std::int64_t first, std::int64_t last) const;
  void general_pixels(std::int64_t begin, std::int64_t end, std::span<float> out) const;

  const ElevationView& elevation_;
  std::span<const std::int32_t> quantised_;
  Window core_;
  bool complete_;  ///< every pixel of the view is valid: nothing has to be counted
  std::int64_t half_;
  std::int64_t row_;               ///< next row of the core
  std::int64_t rows_inside_ = 0;   ///< rows of the window that are inside the view
  Window reach_;                   ///< columns that some window of the core covers, inside the view
  std::vector<std::int64_t> sum_;  ///< of the rows of the window, for each column of `reach_`
  std::vector<std::int32_t> count_;
  std::vector<std::int64_t> sum_before_;  ///< of the columns of `reach_` before this one
  std::vector<std::int64_t> count_before_;
};

}  // namespace scarp::geo

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "geo/window.h"

namespace scarp::geo {

/// Brings planes on a grid of factor x factor pixels to the pixels, bilinearly. A pixel is valid if the cell
/// that it lies in is; cells around it that are not take that cell's value. Pixels do not depend on the
/// window.
class Upsampler {
 public:
  /// @param window  pixels wanted
  Upsampler(const Window& window, std::int64_t factor);

  /// The cells that are needed.
  const Window& cells() const { return cells_; }
  /// @param plane        [cells().rows, cells().cols]
  /// @param plane_valid  likewise
  /// @param out          [window.rows, window.cols], `stride` from row to row; 0 where invalid
  void run(std::span<const float> plane,
           std::span<const std::uint8_t> plane_valid,
           float* out,
           std::int64_t stride) const;
  void run_valid(std::span<const std::uint8_t> plane_valid, std::uint8_t* out, std::int64_t stride) const;

 private:
  /// Of a pixel row or column: the first of its two cells (relative to `cells_`), which of them it lies in,
  /// and the weight of the second.
  struct Tap {
    std::int64_t first;
    int own;
    float weight;
  };
  static std::vector<Tap> taps(std::int64_t begin, std::int64_t count, std::int64_t factor);

  Window window_;
  Window cells_;
  std::vector<Tap> rows_;
  std::vector<Tap> cols_;
};

}  // namespace scarp::geo

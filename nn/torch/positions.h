// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace scarp::nn {

/// Rows and columns of patches; tokens run row by row.
struct PatchGrid {
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t patches() const { return rows * cols; }
  bool operator==(const PatchGrid&) const = default;
};

/// Fixed two-dimensional sine-cosine table; row 0, of the class token, is zero. The first half of a row
/// encodes x (the column), the second y; each is [sin(t w), cos(t w)], w_i = 10000^(-i / (width / 4)).
/// Source: He et al., "Masked Autoencoders Are Scalable Vision Learners", CVPR 2022, and its released
/// weights.
/// @param width         a multiple of four
/// @param ground_ratio  ground sampling distance of the image over that of the base: patch numbers are
///                      multiplied by it, so that equal distances on the ground have equal phase (Reed et
///                      al., "Scale-MAE", ICCV 2023, section 3.1)
/// @return [1 + rows * cols, width] float64
/// @throws Error (bad_argument)
at::Tensor sincos_positions(std::int64_t width, PatchGrid grid, double ground_ratio = 1);

/// A learned table for another grid: bicubic (a = -0.75) between cell centres, borders held; the row of the
/// class token stays.
/// @param table [1, 1 + from.patches(), D]  @return [1, 1 + to.patches(), D]
at::Tensor resized_positions(const at::Tensor& table, PatchGrid from, PatchGrid to);

}  // namespace scarp::nn

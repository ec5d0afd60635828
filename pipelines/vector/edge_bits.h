// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace scarp::vector {

/// Words of 64 bits that hold the places 0 .. cols between and beside the pixels of a row.
inline std::size_t edge_words(std::int64_t cols) {
  return static_cast<std::size_t>(cols / 64 + 1);
}

/// Bit x: pixel x differs from pixel x - 1. What lies left of the first and right of the last pixel differs
/// from every value but `empty`.
/// @param bits  edge_words(cols) words; bits beyond `cols` become 0
template <typename T>
void find_vertical_edges(const T* row, std::int64_t cols, std::optional<T> empty, std::uint64_t* bits);

/// Bit x: pixel x of one row differs from that of the next. A null row lies outside the raster and differs
/// from every value but `empty`; not both may be null.
template <typename T>
void find_horizontal_edges(const T* above,
                           const T* below,
                           std::int64_t cols,
                           std::optional<T> empty,
                           std::uint64_t* bits);

}  // namespace scarp::vector

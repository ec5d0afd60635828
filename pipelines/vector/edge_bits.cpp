// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/edge_bits.h"

#include <algorithm>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace scarp::vector {
namespace {

constexpr std::int64_t kWord = 64;

#if defined(__SSE2__)
__m128i load(const void* from) {
  return _mm_loadu_si128(static_cast<const __m128i*>(from));
}

// 16 pixels, a byte each: all ones where both are equal.
__m128i equal16(const std::uint8_t* a, const std::uint8_t* b) {
  return _mm_cmpeq_epi8(load(a), load(b));
}
__m128i equal16(const std::uint16_t* a, const std::uint16_t* b) {
  return _mm_packs_epi16(_mm_cmpeq_epi16(load(a), load(b)), _mm_cmpeq_epi16(load(a + 8), load(b + 8)));
}
__m128i equal16(const std::int32_t* a, const std::int32_t* b) {
  const auto eight = [&](int at) {
    return _mm_packs_epi32(_mm_cmpeq_epi32(load(a + at), load(b + at)),
                           _mm_cmpeq_epi32(load(a + at + 4), load(b + at + 4)));
  };
  return _mm_packs_epi16(eight(0), eight(8));
}

template <typename T>
std::uint64_t differing(const T* a, const T* b) {
  std::uint64_t equal = 0;
  for (int part = 0; part < 4; ++part) {
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(equal16(a + 16 * part, b + 16 * part)));
    equal |= static_cast<std::uint64_t>(mask) << (16 * part);
  }
  return ~equal;
}
#else
template <typename T>
std::uint64_t differing(const T* a, const T* b) {
  std::uint64_t bits = 0;
  for (int i = 0; i < kWord; ++i) bits |= static_cast<std::uint64_t>(a[i] != b[i]) << i;
  return bits;
}
#endif

/// The last word of a row, and rows beside the raster: pixel by pixel.
template <typename Differs>
std::uint64_t slow_word(std::int64_t first, std::int64_t end, const Differs& differs) {
  std::uint64_t bits = 0;
  for (std::int64_t x = first; x < std::min(end, first + kWord); ++x) {
    bits |= static_cast<std::uint64_t>(differs(x)) << (x - first);
  }
  return bits;
}

}  // namespace

template <typename T>
void find_vertical_edges(const T* row, std::int64_t cols, std::optional<T> empty, std::uint64_t* bits) {
  const auto differs = [&](std::int64_t x) {
    if (x == 0) return row[0] != empty;
    if (x == cols) return row[cols - 1] != empty;
    return row[x] != row[x - 1];
  };
  const auto words = static_cast<std::int64_t>(edge_words(cols));
  for (std::int64_t k = 0; k < words; ++k) {
    const std::int64_t x = k * kWord;
    const bool inside = k > 0 && x + kWord <= cols;
    bits[k] = inside ? differing(row + x, row + x - 1) : slow_word(x, cols + 1, differs);
  }
}

template <typename T>
void find_horizontal_edges(const T* above,
                           const T* below,
                           std::int64_t cols,
                           std::optional<T> empty,
                           std::uint64_t* bits) {
  const auto differs = [&](std::int64_t x) {
    if (above == nullptr) return below[x] != empty;
    if (below == nullptr) return above[x] != empty;
    return above[x] != below[x];
  };
  const auto words = static_cast<std::int64_t>(edge_words(cols));
  for (std::int64_t k = 0; k < words; ++k) {
    const std::int64_t x = k * kWord;
    const bool fast = above != nullptr && below != nullptr && x + kWord <= cols;
    bits[k] = fast ? differing(above + x, below + x) : slow_word(x, cols, differs);
  }
}

template void find_vertical_edges(const std::uint8_t*,
                                  std::int64_t,
                                  std::optional<std::uint8_t>,
                                  std::uint64_t*);
template void find_vertical_edges(const std::uint16_t*,
                                  std::int64_t,
                                  std::optional<std::uint16_t>,
                                  std::uint64_t*);
template void find_vertical_edges(const std::int32_t*,
                                  std::int64_t,
                                  std::optional<std::int32_t>,
                                  std::uint64_t*);
template void find_horizontal_edges(const std::uint8_t*,
                                    const std::uint8_t*,
                                    std::int64_t,
                                    std::optional<std::uint8_t>,
                                    std::uint64_t*);
template void find_horizontal_edges(const std::uint16_t*,
                                    const std::uint16_t*,
                                    std::int64_t,
                                    std::optional<std::uint16_t>,
                                    std::uint64_t*);
template void find_horizontal_edges(const std::int32_t*,
                                    const std::int32_t*,
                                    std::int64_t,
                                    std::optional<std::int32_t>,
                                    std::uint64_t*);

}  // namespace scarp::vector

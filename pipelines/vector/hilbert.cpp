// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/hilbert.h"

#include <algorithm>

namespace scarp::vector {
namespace {

constexpr double kCells = 0xffff;

std::uint32_t cell(double least, double most, double begin, double end) {
  const double width = end - begin;
  if (!(width > 0)) return 0;
  return static_cast<std::uint32_t>(std::clamp(kCells * ((least + most) / 2 - begin) / width, 0.0, kCells));
}

}  // namespace

// Warren, Hacker's Delight, second edition, section 16-2: from the outer square to the inner; a quarter in
// which the curve lies turned is turned back.
std::uint32_t hilbert(std::uint32_t x, std::uint32_t y) {
  std::uint32_t place = 0;
  for (int bit = 15; bit >= 0; --bit) {
    const std::uint32_t right = x >> bit & 1;
    const std::uint32_t upper = y >> bit & 1;
    place = place << 2 | ((3 * right) ^ upper);
    if (upper == 0) {
      const std::uint32_t mirror = right == 1 ? 0xffff : 0;
      const std::uint32_t turned = x ^ mirror;
      x = y ^ mirror;
      y = turned;
    }
  }
  return place;
}

std::uint32_t hilbert_of(const Bounds& box, const Bounds& extent) {
  return hilbert(cell(box.min_x, box.max_x, extent.min_x, extent.max_x),
                 cell(box.min_y, box.max_y, extent.min_y, extent.max_y));
}

}  // namespace scarp::vector

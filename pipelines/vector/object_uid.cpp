// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <iterator>
#include <string_view>

#include <fmt/compile.h>
#include <fmt/format.h>

#include "pipelines/vector/attributes.h"

namespace scarp::vector {
namespace {

/// FNV-1a, 64 bit (Fowler, Noll, Vo; RFC draft-eastlake-fnv).
std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3U;
  }
  return hash;
}

}  // namespace

std::string object_uid(const geo::Grid& grid,
                       std::int64_t first_row,
                       std::int64_t first_col,
                       int class_id,
                       const std::string& model_id) {
  // A thousandth of a degree would be a hundred metres.
  const double steps = grid.crs.geographic() ? 1e8 : 1e3;
  const geo::MapPoint centre =
      grid.map_from_pixel({static_cast<double>(first_row) + 0.5, static_cast<double>(first_col) + 0.5});
  fmt::memory_buffer text;
  fmt::format_to(std::back_inserter(text), FMT_COMPILE("{}|{}|{}|{}"), std::llround(centre.x * steps),
                 std::llround(centre.y * steps), class_id, model_id);
  return fmt::format(FMT_COMPILE("{:016x}"), fnv1a({text.data(), text.size()}));
}

}  // namespace scarp::vector

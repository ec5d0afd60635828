// SPDX-License-Identifier: Apache-2.0
#include "pipelines/stack_copy.h"

#include <algorithm>

namespace scarp::pipelines {
namespace {

template <typename T>
void copy_planes(const std::vector<T>& from,
                 const geo::Window& source,
                 std::vector<T>& to,
                 const geo::Window& target,
                 const geo::Window& part) {
  const auto from_plane = static_cast<std::size_t>(source.pixels());
  const auto to_plane = static_cast<std::size_t>(target.pixels());
  const std::size_t planes = to.size() / to_plane;
  for (std::size_t c = 0; c < planes; ++c) {
    for (std::int64_t row = part.row; row < part.row_end(); ++row) {
      const T* first = from.data() + c * from_plane +
                       static_cast<std::size_t>((row - source.row) * source.cols + part.col - source.col);
      T* out = to.data() + c * to_plane +
               static_cast<std::size_t>((row - target.row) * target.cols + part.col - target.col);
      std::copy(first, first + part.cols, out);
    }
  }
}

}  // namespace

void resize_stack_tile(const geo::StackOptions& options, const geo::Window& window, geo::StackTile& tile) {
  const auto pixels = static_cast<std::size_t>(window.pixels());
  tile.window = window;
  tile.optical.resize(options.optical_bands.size() * pixels);
  tile.terrain.resize(options.terrain.size() * pixels);
  tile.valid.resize(pixels);
  tile.terrain_valid.resize(pixels);
}

void copy_stack_part(const geo::StackTile& from, geo::StackTile& to, const geo::Window& part) {
  if (part.empty()) return;
  copy_planes(from.optical, from.window, to.optical, to.window, part);
  copy_planes(from.terrain, from.window, to.terrain, to.window, part);
  copy_planes(from.valid, from.window, to.valid, to.window, part);
  copy_planes(from.terrain_valid, from.window, to.terrain_valid, to.window, part);
}

}  // namespace scarp::pipelines

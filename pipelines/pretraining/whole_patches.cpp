// SPDX-License-Identifier: Apache-2.0
#include "pipelines/pretraining/whole_patches.h"

#include <algorithm>
#include <vector>

namespace scarp::pipelines {

double whole_share(std::span<const std::uint8_t> valid, std::int64_t side, std::int64_t patch) {
  const std::int64_t patches = side / patch;
  std::vector<std::uint8_t> broken(static_cast<std::size_t>(patches * patches), 0);
  for (std::int64_t row = 0; row < patches * patch; ++row) {
    for (std::int64_t col = 0; col < patches * patch; ++col) {
      if (valid[static_cast<std::size_t>(row * side + col)] == 0)
        broken[static_cast<std::size_t>(row / patch * patches + col / patch)] = 1;
    }
  }
  const auto whole = std::count(broken.begin(), broken.end(), std::uint8_t{0});
  return static_cast<double>(whole) / static_cast<double>(broken.size());
}

}  // namespace scarp::pipelines

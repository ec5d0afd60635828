// SPDX-License-Identifier: Apache-2.0
#include "nn/backbone_shape.h"

#include <cmath>
#include <stdexcept>

namespace scarp::nn {
namespace {

constexpr std::int64_t kWidest = 4096;
constexpr std::int64_t kDeepest = 128;
constexpr std::int64_t kLargestGrid = 512;

void require(bool condition, const std::string& sentence) {
  if (!condition) throw std::invalid_argument(sentence);
}

}  // namespace

void BackboneShape::check() const {
  require(patch == 4 || patch == 8 || patch == 16 || patch == 32,
          "the patches of the backbone " + name + " have a side of " + std::to_string(patch) +
              " pixels: the feature pyramid needs 4, 8, 16 or 32");
  require(width >= 4 && width <= kWidest && width % 4 == 0,
          "the width of the backbone " + name + " must be a multiple of 4 up to " + std::to_string(kWidest) +
              ", is " + std::to_string(width));
  require(depth >= 1 && depth <= kDeepest, "the depth of the backbone " + name + " must lie in 1 to " +
                                               std::to_string(kDeepest) + ", is " + std::to_string(depth));
  require(heads >= 1 && heads <= width && width % heads == 0,
          "the width of the backbone " + name + " must be a multiple of its heads, " + std::to_string(heads));
  require(grid >= 1 && grid <= kLargestGrid, "the grid of the backbone " + name + " must lie in 1 to " +
                                                 std::to_string(kLargestGrid) + ", is " +
                                                 std::to_string(grid));
  require(std::isfinite(ground_ratio) && ground_ratio > 0,
          "the ground_ratio of the backbone " + name + " must be positive");
}

std::string BackboneShape::text() const {
  return name + ": vit " + std::to_string(width) + "-" + std::to_string(depth) + "-" + std::to_string(heads) +
         ", patches of " + std::to_string(patch) + " px" + (grouped ? ", image and terrain in groups" : "");
}

std::map<std::string, std::vector<std::int64_t>> BackboneShape::telling_weights() const {
  std::map<std::string, std::vector<std::int64_t>> shapes;
  for (std::int64_t block = 0; block < depth; ++block)
    shapes["blocks." + std::to_string(block) + ".mlp.fc1.weight"] = {4 * width, width};
  if (!grouped) shapes["pos_embed"] = {1, 1 + grid * grid, width};
  return shapes;
}

}  // namespace scarp::nn

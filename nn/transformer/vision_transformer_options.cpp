// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <charconv>
#include <stdexcept>

#include "nn/error.h"
#include "nn/torch/vision_transformer.h"

namespace scarp::nn {

namespace {

struct NamedSize {
  char letter;
  std::int64_t width, depth, heads;
};
constexpr std::array<NamedSize, 5> kSizes = {
    {{'t', 192, 12, 3}, {'s', 384, 12, 6}, {'b', 768, 12, 12}, {'l', 1024, 24, 16}, {'h', 1280, 32, 16}}};
constexpr std::int64_t kLargestPatch = 64;

std::int64_t patch_in(const std::string& digits) {
  std::int64_t patch = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), patch);
  const bool whole = fault == std::errc() && end == digits.data() + digits.size();
  return whole && patch >= 1 && patch <= kLargestPatch ? patch : 0;
}

}  // namespace

VisionTransformerOptions vision_transformer_named(const std::string& name) {
  const std::string start = "vit-";
  if (name.size() > start.size() + 1 && name.compare(0, start.size(), start) == 0) {
    for (const NamedSize& size : kSizes) {
      const std::int64_t patch = patch_in(name.substr(start.size() + 1));
      if (name[start.size()] != size.letter || patch == 0) continue;
      VisionTransformerOptions options;
      options.patch = patch;
      options.width = size.width;
      options.depth = size.depth;
      options.heads = size.heads;
      return options;
    }
  }
  throw Error(Fault::bad_argument,
              "no vision transformer is called \"" + name +
                  "\": say vit-t, vit-s, vit-b, vit-l or vit-h and the patch side, 1 to " +
                  std::to_string(kLargestPatch) + ", e.g. vit-t8 or vit-b16");
}

void VisionTransformerOptions::check() const {
  const auto at_least_one = [](const char* field, std::int64_t value) {
    if (value < 1) {
      throw std::invalid_argument(std::string("vision transformer: ") + field + " must be at least 1, is " +
                                  std::to_string(value));
    }
  };
  at_least_one("channels", channels);
  at_least_one("patch", patch);
  at_least_one("grid.rows", grid.rows);
  at_least_one("grid.cols", grid.cols);
  at_least_one("depth", depth);
  if (positions == PositionKind::fixed && width % 4 != 0) {
    throw std::invalid_argument(
        "vision transformer: width must be a multiple of 4 with fixed positions, is " +
        std::to_string(width));
  }
  if (!(ground_ratio > 0)) {
    throw std::invalid_argument("vision transformer: ground_ratio must be positive, is " +
                                std::to_string(ground_ratio));
  }
  if (classes < 0) {
    throw std::invalid_argument("vision transformer: classes must be at least 0, is " +
                                std::to_string(classes));
  }
  block(depth - 1).check();
}

TransformerBlockOptions VisionTransformerOptions::block(std::int64_t number) const {
  TransformerBlockOptions options;
  options.width = width;
  options.heads = heads;
  options.mlp_width = mlp_width;
  options.epsilon = epsilon;
  options.attention = attention;
  options.drop_path =
      depth > 1 ? drop_path * static_cast<double>(number) / static_cast<double>(depth - 1) : drop_path;
  return options;
}

}  // namespace scarp::nn

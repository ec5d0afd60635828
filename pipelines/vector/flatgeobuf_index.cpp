// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/flatgeobuf_index.h"

#include <algorithm>

#include "pipelines/vector/hilbert.h"

namespace scarp::vector {
namespace {

constexpr std::uint64_t kNodeBytes = 40;

/// Nodes of each level, the features first, the root last.
std::vector<std::uint64_t> level_sizes(std::uint64_t features) {
  std::vector<std::uint64_t> sizes = {features};
  do {
    sizes.push_back((sizes.back() + kFlatGeobufNodeSize - 1) / kFlatGeobufNodeSize);
  } while (sizes.back() != 1);
  return sizes;
}

std::vector<Bounds> level_above(std::uint64_t size, const auto& bounds_below) {
  std::vector<Bounds> level;
  for (std::uint64_t begin = 0; begin < size; begin += kFlatGeobufNodeSize) {
    Bounds node = bounds_below(begin);
    for (std::uint64_t i = begin; i < std::min<std::uint64_t>(size, begin + kFlatGeobufNodeSize); ++i) {
      node.include(bounds_below(i));
    }
    level.push_back(node);
  }
  return level;
}

void put_node(FileTail& file, ByteBuffer& bytes, const Bounds& bounds, std::uint64_t place) {
  bytes.clear();
  for (const double side : {bounds.min_x, bounds.min_y, bounds.max_x, bounds.max_y}) bytes.put(side);
  bytes.put(place);
  file.put(bytes.bytes());
}

}  // namespace

std::vector<std::uint32_t> hilbert_order(const FeaturePlaces& features, const Bounds& extent) {
  std::vector<std::uint64_t> keys(features.size());
  for (std::size_t i = 0; i < features.size(); ++i) {
    keys[i] = std::uint64_t{hilbert_of(features.bounds(i), extent)} << 32 | i;
  }
  std::sort(keys.begin(), keys.end());
  std::vector<std::uint32_t> order(keys.size());
  std::transform(keys.begin(), keys.end(), order.begin(),
                 [](std::uint64_t key) { return static_cast<std::uint32_t>(key); });
  return order;
}

std::uint64_t flatgeobuf_index_bytes(std::uint64_t features) {
  std::uint64_t nodes = 0;
  for (const std::uint64_t size : level_sizes(features)) nodes += size;
  return nodes * kNodeBytes;
}

void write_flatgeobuf_index(FileTail& file,
                            const FeaturePlaces& features,
                            std::span<const std::uint32_t> order,
                            std::span<const std::uint32_t> sizes) {
  const std::vector<std::uint64_t> nodes = level_sizes(features.size());
  std::vector<std::vector<Bounds>> levels = {
      level_above(nodes[0], [&](std::uint64_t i) { return features.bounds(order[i]); })};
  while (levels.size() + 1 < nodes.size()) {
    levels.push_back(level_above(levels.back().size(), [&](std::uint64_t i) { return levels.back()[i]; }));
  }
  ByteBuffer bytes;
  // A node's place is the number of its first child among all nodes, from the root on.
  std::uint64_t level_end = 0;
  for (std::size_t level = levels.size(); level-- > 0;) {
    level_end += nodes[level + 1];
    for (std::size_t i = 0; i < levels[level].size(); ++i) {
      put_node(file, bytes, levels[level][i], level_end + i * kFlatGeobufNodeSize);
    }
  }
  std::uint64_t place = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    put_node(file, bytes, features.bounds(order[i]), place);
    place += sizes[i];
  }
}

}  // namespace scarp::vector

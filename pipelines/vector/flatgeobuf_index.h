// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "pipelines/vector/feature_spool.h"
#include "pipelines/vector/plain_file.h"

namespace scarp::vector {

/// Children of a node, as the format's own writers choose them.
constexpr std::uint16_t kFlatGeobufNodeSize = 16;

/// The numbers of features along the Hilbert curve through their extent, ties in the order of their numbers.
std::vector<std::uint32_t> hilbert_order(const FeaturePlaces& features, const Bounds& extent);

/// Bytes of the index of so many features, at least one.
std::uint64_t flatgeobuf_index_bytes(std::uint64_t features);

/// Appends the packed Hilbert R-tree (flatgeobuf, "Packed Hilbert R-Tree"): nodes of 40 bytes, the root
/// first, the features in their order last.
/// @param sizes  bytes of each feature in the file, in that order
void write_flatgeobuf_index(FileTail& file,
                            const FeaturePlaces& features,
                            std::span<const std::uint32_t> order,
                            std::span<const std::uint32_t> sizes);

}  // namespace scarp::vector

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <unordered_map>

#include "geo/aligned_stack.h"

namespace scarp::pipelines {

/// Pixels of a scene in square chunks, read when first asked for and kept while memory allows (least recently
/// used goes first). Training draws overlapping windows in random order: with this each pixel is read and
/// derived once.
class ChunkCache {
 public:
  /// @param factors  of terrain channels, applied as read (see terrain_units.h)
  /// @param budget_bytes  at least one chunk is always kept
  ChunkCache(geo::AlignedStack stack, std::vector<float> factors, std::int64_t budget_bytes);

  const geo::Grid& grid() const { return stack_.grid(); }
  const geo::StackOptions& options() const { return stack_.options(); }
  /// Any window, also beyond the grid, as AlignedStack::read but for the factors.
  void read(const geo::Window& window, geo::StackTile& out);

  static constexpr std::int64_t kChunk = 128;

 private:
  struct Entry {
    std::int64_t key;
    std::unique_ptr<geo::StackTile> tile;
  };
  const geo::StackTile& chunk(std::int64_t chunk_row, std::int64_t chunk_col);

  geo::AlignedStack stack_;
  std::vector<float> factors_;
  std::int64_t capacity_;    ///< chunks
  std::list<Entry> recent_;  ///< most recently used first
  std::unordered_map<std::int64_t, std::list<Entry>::iterator> by_key_;
};

}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#include "pipelines/training/chunk_cache.h"

#include <algorithm>

#include "pipelines/stack_copy.h"
#include "pipelines/terrain_units.h"

namespace scarp::pipelines {
namespace {

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  return a >= 0 ? a / b : -((-a + b - 1) / b);
}

}  // namespace

ChunkCache::ChunkCache(geo::AlignedStack stack, std::vector<float> factors, std::int64_t budget_bytes)
    : stack_(std::move(stack)), factors_(std::move(factors)) {
  const auto planes =
      static_cast<std::int64_t>(stack_.options().optical_bands.size() + stack_.options().terrain.size());
  const std::int64_t chunk_bytes = kChunk * kChunk * (planes * static_cast<std::int64_t>(sizeof(float)) + 2);
  capacity_ = std::max<std::int64_t>(1, budget_bytes / chunk_bytes);
}

const geo::StackTile& ChunkCache::chunk(std::int64_t chunk_row, std::int64_t chunk_col) {
  const std::int64_t key = chunk_row * (1LL << 32) + chunk_col;
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second);
    return *recent_.front().tile;
  }
  auto tile = std::make_unique<geo::StackTile>();
  stack_.read({chunk_row * kChunk, chunk_col * kChunk, kChunk, kChunk}, *tile);
  to_model_units(factors_, tile->terrain);
  if (static_cast<std::int64_t>(recent_.size()) >= capacity_) {
    by_key_.erase(recent_.back().key);
    recent_.pop_back();
  }
  recent_.push_front({key, std::move(tile)});
  by_key_[key] = recent_.begin();
  return *recent_.front().tile;
}

void ChunkCache::read(const geo::Window& window, geo::StackTile& out) {
  resize_stack_tile(options(), window, out);
  for (std::int64_t row = floor_divide(window.row, kChunk); row * kChunk < window.row_end(); ++row) {
    for (std::int64_t col = floor_divide(window.col, kChunk); col * kChunk < window.col_end(); ++col) {
      const geo::StackTile& part = chunk(row, col);
      copy_stack_part(part, out, geo::intersection(part.window, window));
    }
  }
}

}  // namespace scarp::pipelines

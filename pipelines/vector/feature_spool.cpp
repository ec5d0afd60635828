// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/feature_spool.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <utility>

namespace scarp::vector {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
/// Features that are fetched before their turn, and of each as many bytes.
constexpr std::size_t kAhead = 6;
constexpr std::size_t kLineBytes = 64;
constexpr std::size_t kFetchedBytes = 3 * kLineBytes;
/// What lies between two features is read along if it is less.
constexpr std::uint64_t kGapBytes = 4096;
/// One is being written; their memory comes beside what the allocator still holds of the chunks.
constexpr std::size_t kStretchesInMemory = 4;

/// Features that follow each other in the order and fit into memory together.
struct Stretch {
  std::span<const std::uint32_t> order;
  std::uint64_t bytes = 0;
};

std::vector<Stretch> stretches_of(const FeaturePlaces& features,
                                  std::span<const std::uint32_t> order,
                                  std::size_t budget_bytes) {
  std::vector<Stretch> stretches;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::uint64_t bytes = features.bytes(order[i]);
    if (stretches.empty() || stretches.back().bytes + bytes > budget_bytes) {
      stretches.push_back({order.subspan(i, 0), 0});
    }
    Stretch& last = stretches.back();
    last.order = {last.order.data(), last.order.size() + 1};
    last.bytes += bytes;
  }
  return stretches;
}

/// Copies the features of a stretch to their places. They are read in the order in which they came, those
/// that lie near each other at once: the curve runs through square after square, whose rows came one after
/// another.
void gather_stretch(const FeaturePlaces& features,
                    const Stretch& stretch,
                    const PlainFile& from,
                    std::vector<std::uint8_t>& arranged) {
  std::vector<std::pair<std::uint32_t, std::uint64_t>>
      moves;  // number of a feature, its place in the stretch
  std::uint64_t to = 0;
  for (const std::uint32_t i : stretch.order) {
    moves.emplace_back(i, to);
    to += features.bytes(i);
  }
  std::sort(moves.begin(), moves.end());
  arranged.resize(stretch.bytes);
  std::vector<std::uint8_t> bytes;
  for (std::size_t next = 0; next < moves.size();) {
    const std::size_t first = next;
    const std::uint64_t begin = features.begin(moves[first].first);
    std::uint64_t end = begin;
    for (; next < moves.size(); ++next) {
      const auto i = moves[next].first;
      const std::uint64_t feature_end = features.begin(i) + features.bytes(i);
      const bool far = features.begin(i) > end + kGapBytes || feature_end > begin + kChunkBytes;
      if (next > first && far) break;
      end = feature_end;
    }
    bytes.resize(end - begin);
    from.read_at(begin, bytes);
    for (std::size_t k = first; k < next; ++k) {
      const auto& [i, place] = moves[k];
      std::memcpy(arranged.data() + place, bytes.data() + (features.begin(i) - begin), features.bytes(i));
    }
  }
}

}  // namespace

FeatureSpool::FeatureSpool(std::string path, std::string target, std::size_t budget_bytes)
    : path_(std::move(path)), target_(std::move(target)), budget_bytes_(budget_bytes) {}

FeatureSpool::~FeatureSpool() {
  std::error_code ignored;
  if (file_) std::filesystem::remove(path_, ignored);
}

void FeatureSpool::add(std::span<const std::uint8_t> feature) {
  while (!feature.empty()) {
    const std::uint64_t here = end_ - spilled_;
    if (here == chunks_.size() * kChunkBytes) {
      if (here >= budget_bytes_ && here > 0) {
        spill();
        continue;
      }
      chunks_.push_back(std::make_unique_for_overwrite<std::uint8_t[]>(kChunkBytes));
    }
    const std::size_t used = here % kChunkBytes;
    const std::size_t part = std::min(feature.size(), kChunkBytes - used);
    std::memcpy(chunks_[here / kChunkBytes].get() + used, feature.data(), part);
    feature = feature.subspan(part);
    end_ += part;
  }
}

void FeatureSpool::spill() {
  if (!file_) file_.emplace(path_, target_);
  for (const auto& chunk : chunks_) {
    const std::uint64_t bytes = std::min<std::uint64_t>(kChunkBytes, end_ - spilled_);
    file_->write_at(spilled_, {chunk.get(), bytes});
    spilled_ += bytes;
  }
  chunks_.clear();
}

/// The order jumps through memory: what comes soon is fetched early.
void FeatureSpool::prefetch(const FeaturePlaces& features, std::uint32_t feature) const {
  const std::uint64_t begin = features.begin(feature);
  const std::uint8_t* place = chunks_[begin / kChunkBytes].get() + begin % kChunkBytes;
  for (std::size_t line = 0; line < kFetchedBytes; line += kLineBytes) __builtin_prefetch(place + line);
}

void FeatureSpool::visit_kept(const FeaturePlaces& features,
                              std::span<const std::uint32_t> order,
                              const Visit& visit) const {
  std::vector<std::uint8_t> joined;  // of a feature that goes on in the next chunk
  for (std::size_t k = 0; k < order.size(); ++k) {
    if (k + 2 * kAhead < order.size()) {
      features.prefetch(order[k + 2 * kAhead]);
      prefetch(features, order[k + kAhead]);
    }
    const std::uint32_t i = order[k];
    std::uint64_t begin = features.begin(i);
    const std::size_t used = begin % kChunkBytes;
    const std::uint64_t bytes = features.bytes(i);
    if (used + bytes <= kChunkBytes) {
      visit({chunks_[begin / kChunkBytes].get() + used, bytes});
      continue;
    }
    joined.clear();
    for (const std::uint64_t end = begin + bytes; begin < end;) {
      const std::uint8_t* from = chunks_[begin / kChunkBytes].get() + begin % kChunkBytes;
      const std::uint64_t part = std::min(end - begin, kChunkBytes - begin % kChunkBytes);
      joined.insert(joined.end(), from, from + part);
      begin += part;
    }
    visit(joined);
  }
}

void FeatureSpool::take_in_order(const FeaturePlaces& features,
                                 std::span<const std::uint32_t> order,
                                 const Visit& visit) {
  if (!file_) {
    visit_kept(features, order, visit);
    chunks_.clear();
    return;
  }
  spill();
  std::vector<std::uint8_t> arranged;
  for (const Stretch& stretch : stretches_of(features, order, budget_bytes_ / kStretchesInMemory)) {
    gather_stretch(features, stretch, *file_, arranged);
    std::span<const std::uint8_t> left = arranged;
    for (const std::uint32_t i : stretch.order) {
      visit(left.first(features.bytes(i)));
      left = left.subspan(features.bytes(i));
    }
  }
  file_.reset();
  std::filesystem::remove(path_);
}

}  // namespace scarp::vector

// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/feature_spool.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <utility>

namespace scarp::vector {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
constexpr std::size_t kLeastBufferBytes = std::size_t{1} << 16;

/// Features that lie behind each other in the output and fit into memory together.
struct Stretch {
  std::span<const std::uint32_t> order;
  std::uint64_t place = 0;
  std::uint64_t bytes = 0;
};

std::vector<Stretch> stretches_of(const FeaturePlaces& features,
                                  std::span<const std::uint32_t> order,
                                  std::uint64_t place,
                                  std::size_t budget_bytes) {
  std::vector<Stretch> stretches;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::uint64_t bytes = features.bytes(order[i]);
    if (stretches.empty() || stretches.back().bytes + bytes > budget_bytes) {
      stretches.push_back({order.subspan(i, 0), place, 0});
    }
    Stretch& last = stretches.back();
    last.order = {last.order.data(), last.order.size() + 1};
    last.bytes += bytes;
    place += bytes;
  }
  return stretches;
}

/// First pass: each feature into its stretch of the output, in the order in which they came.
void distribute(const FeaturePlaces& features,
                const std::vector<Stretch>& stretches,
                const PlainFile& from,
                PlainFile& to,
                std::size_t budget_bytes) {
  std::vector<std::uint32_t> stretch_of(features.size());
  std::vector<FileTail> tails;
  for (const Stretch& stretch : stretches) {
    for (const std::uint32_t i : stretch.order) stretch_of[i] = static_cast<std::uint32_t>(tails.size());
    tails.emplace_back(to, stretch.place, std::max(kLeastBufferBytes, budget_bytes / stretches.size()));
  }
  std::vector<std::uint8_t> bytes;
  for (std::size_t begin = 0; begin < features.size();) {
    std::size_t end = begin + 1;
    while (end < features.size() && features.begin(end) - features.begin(begin) < kChunkBytes) ++end;
    const std::uint64_t first = features.begin(begin);
    bytes.resize((end < features.size() ? features.begin(end) : features.end()) - first);
    from.read_at(first, bytes);
    for (; begin < end; ++begin) {
      tails[stretch_of[begin]].put(
          std::span(bytes).subspan(features.begin(begin) - first, features.bytes(begin)));
    }
  }
  for (FileTail& tail : tails) tail.flush();
}

/// Second pass: the features of a stretch, which lie in the order in which they came, into their own.
void arrange(const FeaturePlaces& features, const Stretch& stretch, PlainFile& file) {
  std::vector<std::pair<std::uint32_t, std::uint64_t>>
      moves;  // number of a feature, its place in the stretch
  std::uint64_t to = 0;
  for (const std::uint32_t i : stretch.order) {
    moves.emplace_back(i, to);
    to += features.bytes(i);
  }
  std::sort(moves.begin(), moves.end());
  std::vector<std::uint8_t> came(stretch.bytes);
  std::vector<std::uint8_t> arranged(stretch.bytes);
  file.read_at(stretch.place, came);
  std::uint64_t from = 0;
  for (const auto& [i, place] : moves) {
    std::memcpy(arranged.data() + place, came.data() + from, features.bytes(i));
    from += features.bytes(i);
  }
  file.write_at(stretch.place, arranged);
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

void FeatureSpool::gather(const FeaturePlaces& features,
                          std::span<const std::uint32_t> order,
                          FileTail& tail) const {
  for (const std::uint32_t i : order) {
    std::uint64_t begin = features.begin(i);
    for (std::uint64_t left = features.bytes(i); left > 0;) {
      const std::size_t used = begin % kChunkBytes;
      const std::uint64_t part = std::min<std::uint64_t>(left, kChunkBytes - used);
      tail.put({chunks_[begin / kChunkBytes].get() + used, part});
      begin += part;
      left -= part;
    }
  }
  tail.flush();
}

void FeatureSpool::write_in_order(const FeaturePlaces& features,
                                  std::span<const std::uint32_t> order,
                                  PlainFile& file,
                                  std::uint64_t place) {
  if (!file_) {
    FileTail tail(file, place);
    gather(features, order, tail);
    return;
  }
  spill();
  const std::vector<Stretch> stretches = stretches_of(features, order, place, budget_bytes_);
  distribute(features, stretches, *file_, file, budget_bytes_);
  file_.reset();
  std::filesystem::remove(path_);
  for (const Stretch& stretch : stretches) arrange(features, stretch, file);
}

}  // namespace scarp::vector

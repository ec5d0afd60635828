// SPDX-License-Identifier: Apache-2.0
#include "nn/sample_pairs.h"

#include <algorithm>
#include <array>
#include <vector>

#include "nn/error.h"

namespace scarp::nn {
namespace {

constexpr std::array<const char*, 3> kModeNames = {"walls", "band", "random"};

bool may_be_anchor(CellKind kind, AnchorMode mode) {
  switch (kind) {
    case CellKind::back_wall:
    case CellKind::side_wall:
      return true;
    case CellKind::toe:
      return mode != AnchorMode::walls;
    case CellKind::interior:
      return mode == AnchorMode::random;
    default:
      return false;
  }
}

/// 0 .. n - 1 from 32 bits: the standard's distributions differ between libraries.
std::size_t below(std::size_t n, std::mt19937_64& random) {
  return static_cast<std::size_t>(((random() >> 32) * n) >> 32);
}

/// Brings `count` of the items, all equally likely, to the front.
void shuffle_front(std::vector<std::int64_t>& items, std::size_t count, std::mt19937_64& random) {
  for (std::size_t i = 0; i < count; ++i) std::swap(items[i], items[i + below(items.size() - i, random)]);
}

/// Writes up to all rows, and what is left of them as not valid.
struct Rows {
  std::span<std::int64_t> indices;
  std::span<std::uint8_t> valid;

  void clear() const {
    std::fill(indices.begin(), indices.end(), 0);
    std::fill(valid.begin(), valid.end(), std::uint8_t{0});
  }
  Rows part(std::size_t first, std::size_t count) const {
    return {indices.subspan(first, count), valid.subspan(first, count)};
  }
  void draw(std::vector<std::int64_t>& from, std::size_t count, std::mt19937_64& random) const {
    shuffle_front(from, count, random);
    std::copy_n(from.begin(), count, indices.begin());
    std::fill_n(valid.begin(), count, std::uint8_t{1});
  }
};

void check_sizes(const PairCounts& counts, std::size_t cells, std::size_t indices, std::size_t valid) {
  if (counts.anchors < 0 || counts.negatives < 0) {
    throw Error(Fault::bad_argument,
                "sample pairs: the numbers of anchors and negatives must not be negative, are " +
                    std::to_string(counts.anchors) + " and " + std::to_string(counts.negatives));
  }
  const auto rows = static_cast<std::size_t>(counts.anchors) + static_cast<std::size_t>(counts.negatives);
  if (indices != rows || valid != rows) {
    throw Error(Fault::bad_argument, "sample pairs: room for " + std::to_string(indices) + " indices and " +
                                         std::to_string(valid) + " marks, but there are " +
                                         std::to_string(rows) + " rows");
  }
  if (cells >> 32 != 0) throw Error(Fault::bad_argument, "sample pairs: more than 2^32 cells");
}

}  // namespace

AnchorMode anchor_mode(const std::string& name) {
  for (std::size_t i = 0; i < kModeNames.size(); ++i) {
    if (name == kModeNames[i]) return static_cast<AnchorMode>(i);
  }
  throw Error(Fault::bad_argument, "anchors are drawn from \"" + name + "\"; choose walls, band or random");
}

std::string to_string(AnchorMode mode) {
  return kModeNames[static_cast<std::size_t>(mode)];
}

void draw_pairs(std::span<const CellKind> cells,
                AnchorMode mode,
                const PairCounts& counts,
                std::mt19937_64& random,
                std::span<std::int64_t> indices,
                std::span<std::uint8_t> valid) {
  check_sizes(counts, cells.size(), indices.size(), valid.size());
  std::vector<std::int64_t> anchors, near, far;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    if (may_be_anchor(cells[i], mode)) anchors.push_back(at);
    if (cells[i] == CellKind::outer_band) (mode == AnchorMode::random ? far : near).push_back(at);
    if (cells[i] == CellKind::background) far.push_back(at);
  }
  const Rows rows{indices, valid};
  rows.clear();
  const auto wanted = static_cast<std::size_t>(counts.anchors),
             others = static_cast<std::size_t>(counts.negatives);
  rows.part(0, wanted).draw(anchors, std::min(wanted, anchors.size()), random);
  // Half of each; what one lacks the other makes up for.
  const std::size_t most_near = std::min(others, near.size());
  const std::size_t take_far = std::min(far.size(), std::max(others / 2, others - most_near));
  const std::size_t take_near = std::min(near.size(), others - take_far);
  rows.part(wanted, others).draw(near, take_near, random);
  rows.part(wanted + take_near, others - take_near).draw(far, take_far, random);
}

}  // namespace scarp::nn

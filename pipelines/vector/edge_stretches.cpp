// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/edge_stretches.h"

#include <utility>

namespace scarp::vector {
namespace {

// In place of an arena.
constexpr std::uint32_t kInBand = kNone - 1;
constexpr std::uint32_t kInRings = kNone - 2;

bool is_fresh(std::uint32_t arena) {
  return arena == kInBand || arena == kInRings;
}

}  // namespace

std::uint32_t EdgeStretches::add_of_band(std::size_t first, std::size_t count, bool saddles) {
  return add({kInBand, first, count, saddles});
}

std::uint32_t EdgeStretches::add_ring(std::span<const BorderEdge> ring, std::size_t first, bool saddles) {
  const std::size_t begin = rings_.size();
  const auto from = ring.begin() + static_cast<std::ptrdiff_t>(first);
  rings_.insert(rings_.end(), from, ring.end());
  rings_.insert(rings_.end(), ring.begin(), from);
  return add({kInRings, begin, ring.size(), saddles});
}

std::span<const BorderEdge> EdgeStretches::edges_of(std::uint32_t stretch) const {
  const Stretch& s = stretches_[stretch];
  const std::span<const BorderEdge> edges = s.arena == kInBand    ? band_
                                            : s.arena == kInRings ? std::span<const BorderEdge>(rings_)
                                                                  : arenas_[s.arena].edges;
  return edges.subspan(s.first, s.count);
}

std::uint32_t EdgeStretches::add(const Stretch& stretch) {
  std::uint32_t id = 0;
  if (free_stretches_.empty()) {
    id = static_cast<std::uint32_t>(stretches_.size());
    stretches_.push_back(stretch);
  } else {
    id = free_stretches_.back();
    free_stretches_.pop_back();
    stretches_[id] = stretch;
  }
  fresh_.push_back(id);
  return id;
}

void EdgeStretches::release(std::uint32_t stretch) {
  const std::uint32_t arena = std::exchange(stretches_[stretch].arena, kNone);
  free_stretches_.push_back(stretch);
  if (is_fresh(arena) || --arenas_[arena].users > 0) return;
  kept_edges_ -= arenas_[arena].edges.size();
  arenas_[arena].edges = {};
  free_arenas_.push_back(arena);
}

void EdgeStretches::end_band() {
  Arena arena;
  const auto id = free_arenas_.empty() ? static_cast<std::uint32_t>(arenas_.size()) : free_arenas_.back();
  std::size_t edges = 0;
  for (const std::uint32_t i : fresh_) {
    if (is_fresh(stretches_[i].arena)) edges += stretches_[i].count;
  }
  arena.edges.reserve(edges);
  for (const std::uint32_t i : fresh_) {
    if (!is_fresh(stretches_[i].arena)) continue;
    const auto kept = edges_of(i);
    stretches_[i].arena = id;
    stretches_[i].first = arena.edges.size();
    arena.edges.insert(arena.edges.end(), kept.begin(), kept.end());
    ++arena.users;
  }
  fresh_.clear();
  rings_.clear();
  band_ = {};
  if (arena.users == 0) return;
  kept_edges_ += arena.edges.size();
  if (free_arenas_.empty()) {
    arenas_.push_back(std::move(arena));
  } else {
    free_arenas_.pop_back();
    arenas_[id] = std::move(arena);
  }
}

}  // namespace scarp::vector

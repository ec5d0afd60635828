// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pipelines/vector/border_chains.h"

namespace scarp::vector {

/// Stretches of borders by numbers, while band after band goes by. A stretch lies in the band that is being
/// added until that goes away; then what is still needed is copied, all of one band behind each other, and
/// its memory is given back with the last stretch of that band.
class EdgeStretches {
 public:
  /// @param edges  of the band, which live until `end_band`
  void begin_band(std::span<const BorderEdge> edges) { band_ = edges; }
  /// A stretch of the band's edges.
  std::uint32_t add_of_band(std::size_t first, std::size_t count, bool saddles);
  /// A ring that was put together, from the edge at `first` on and round to it. @param saddles  it has some
  std::uint32_t add_ring(std::span<const BorderEdge> ring, std::size_t first, bool saddles);
  /// Copies what is left of the band.
  void end_band();

  std::span<const BorderEdge> edges_of(std::uint32_t stretch) const;
  bool saddles(std::uint32_t stretch) const { return stretches_[stretch].saddles; }
  void release(std::uint32_t stretch);
  /// Bytes that outlive their bands.
  std::size_t kept_bytes() const { return kept_edges_ * sizeof(BorderEdge); }

 private:
  struct Stretch {
    std::uint32_t arena = kNone;
    std::size_t first = 0;
    std::size_t count = 0;
    bool saddles = false;
  };
  /// What is left of a band.
  struct Arena {
    std::vector<BorderEdge> edges;
    std::size_t users = 0;
  };

  std::uint32_t add(const Stretch& stretch);

  std::vector<Stretch> stretches_;
  std::vector<std::uint32_t> free_stretches_;
  std::vector<std::uint32_t> fresh_;  ///< stretches of the band that is being added
  std::vector<Arena> arenas_;
  std::vector<std::uint32_t> free_arenas_;
  std::size_t kept_edges_ = 0;
  std::span<const BorderEdge> band_;
  std::vector<BorderEdge> rings_;  ///< put together since the band began
};

}  // namespace scarp::vector

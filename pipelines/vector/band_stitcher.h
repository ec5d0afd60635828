// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "pipelines/vector/band_trace.h"
#include "pipelines/vector/corner_rows.h"
#include "pipelines/vector/edge_stretches.h"

namespace scarp::vector {

/// Joins traced bands from top to bottom and hands out finished objects. The answer does not depend on where
/// the bands are cut: objects come by their last rows, those of one last row by their first pixels, row by
/// row. Keeps what is still open: of every open object its borders so far.
class BandStitcher {
 public:
  using Sink = std::function<void(const TracedObject&)>;

  /// @param most_open_bytes  beyond which the borders of open objects are not kept
  /// @param corner_rows      where the corners of rows are kept that open objects reach; null: nowhere
  /// @param rows_done        called after each band: objects to come begin in this row or below; may be empty
  BandStitcher(std::int32_t cols,
               const TraceRules& rules,
               std::size_t most_open_bytes,
               Sink sink,
               CornerRows* corner_rows = nullptr,
               std::function<void(std::int64_t)> rows_done = {});

  /// The band below those that came before. What it holds is used up.
  /// @throws Error (too_complex) if the objects that are open need more memory than they may have
  void add(BandTrace& band);
  /// After the last band.
  void finish();
  /// Bytes of the borders of open objects.
  std::size_t open_bytes() const;

 private:
  void take_regions(BandTrace& band);
  std::uint32_t take_part(BandTrace& band, std::uint32_t part);
  void trace_seam(const std::int32_t* below, const std::vector<std::uint64_t>& down, std::int64_t row);
  void join_pieces(BandTrace& band);
  void close_ring(std::uint32_t node, std::uint32_t part);
  void finish_object(std::uint32_t part);
  void require_room() const;
  std::int64_t first_open_row();
  void hand_out(const ObjectBatch& of_band);
  bool empty(const std::vector<std::int32_t>& row, std::int64_t col) const;

  std::int32_t cols_;
  TraceRules rules_;
  std::size_t most_open_bytes_;
  Sink sink_;
  CornerRows* corner_rows_;
  std::function<void(std::int64_t)> rows_done_;

  BorderChains chains_;
  OpenEnds ends_;
  Regions regions_;
  std::int64_t next_row_ = 0;
  std::vector<std::int32_t> above_;  ///< the last row that came; empty before the first
  std::vector<std::uint64_t> up_;
  std::vector<Run> runs_above_;
  EdgeParts parts_above_;

  EdgeStretches stretches_;
  ObjectBatch finished_;

  // Room that is used again.
  std::vector<std::uint64_t> flat_;
  std::vector<std::uint32_t> part_of_band_;
  std::vector<std::uint32_t> object_of_band_;
  std::vector<std::uint32_t> enters_above_;
  std::vector<std::uint32_t> leaves_above_;
  std::vector<BorderEdge> ring_;
};

}  // namespace scarp::vector

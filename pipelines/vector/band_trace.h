// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "pipelines/vector/corner_line.h"
#include "pipelines/vector/object_batch.h"
#include "pipelines/vector/pixel_sums.h"
#include "pipelines/vector/regions.h"

namespace scarp::vector {

/// What becomes an object.
struct TraceRules {
  bool eight_connected = false;        ///< parts that meet at a corner are one object
  bool junctions = false;              ///< rings get a point wherever three borders meet, and say so
  bool sums = false;                   ///< every band comes with values, which are summed for each object
  std::optional<std::int32_t> nodata;  ///< the value that becomes no polygon
};

/// What is known of a band's pixels beside their class.
class BandValues {
 public:
  virtual ~BandValues() = default;
  /// Adds the pixels [begin, end) of a row to those of their object. A band's rows come from top to bottom.
  virtual void add_run(std::int64_t row, std::int32_t begin, std::int32_t end, PixelSums& sums) = 0;
};

/// The objects of a band of rows that touch neither its first nor its last row, and what is left open there
/// for a stitcher. Bands know nothing of each other: they may be traced in any order, by any thread.
struct BandTrace {
  /// An unfinished border: edges without the vertical ones at its ends.
  struct Piece {
    std::size_t first_edge = 0;
    std::size_t edges = 0;
    // Columns of the vertical edges by which it enters and leaves the band.
    std::int32_t enters = 0;
    std::int32_t leaves = 0;
    bool enters_above = false;  ///< as the border of the pixel right of the edge; else from below, left of it
    bool leaves_above = false;  ///< as the border of the pixel left of the edge; else below, right of it
  };
  struct Ring {
    std::size_t first_edge = 0;
    std::size_t edges = 0;
    bool saddles = false;
  };

  std::int64_t first_row = 0;
  std::int64_t rows = 0;
  ObjectBatch finished;

  std::vector<std::int32_t> top_values;  ///< [cols] of the first row
  std::vector<std::int32_t> bottom_values;
  std::vector<std::uint64_t> top_edges;  ///< vertical edges of the first row
  std::vector<std::uint64_t> bottom_edges;
  std::vector<Run> top_runs;
  std::vector<Run> bottom_runs;
  Regions regions;
  std::vector<Ring> rings;  ///< by the numbers that `regions` knows
  std::vector<Piece> pieces;
  std::vector<BorderEdge> edges;
  std::vector<std::vector<std::int32_t>>
      corners;  ///< columns, of every row but the first; only with junctions
};

/// Traces bands of rows, one after another. One a thread.
template <typename T>
class BandTracer {
 public:
  BandTracer(std::int32_t cols, const TraceRules& rules);
  /// @param pixels  [rows, cols], rows > 0
  /// @param values  summed for each object; null: none, and then for no band of the raster
  void trace(const T* pixels,
             std::int64_t first_row,
             std::int64_t rows,
             BandTrace& out,
             BandValues* values = nullptr);

 private:
  void find_runs(const T* row);
  void label_runs(std::int64_t row);
  void open_first_row(const T* row);
  void next_line(const T* above, const T* below, std::int64_t row);
  void close_ring(std::uint32_t node, std::uint32_t part);
  void finish_object(std::uint32_t part);
  void leave_open(const T* row);
  void add_piece(std::uint32_t first, std::int32_t enters, bool enters_above);
  bool empty(const T* row, std::int32_t col) const { return col < 0 || col >= cols_ || row[col] == nodata_; }

  std::int32_t cols_;
  TraceRules rules_;
  std::optional<T> nodata_;
  BandTrace* out_ = nullptr;
  BandValues* values_ = nullptr;
  BorderChains chains_;
  OpenEnds ends_;
  std::vector<std::uint64_t> up_, down_, flat_;
  std::vector<Run> above_, below_;
  EdgeParts parts_above_;
  std::vector<std::uint32_t> top_nodes_;  ///< where borders leave the band at its first row
};

}  // namespace scarp::vector

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "pipelines/vector/band_trace.h"
#include "pipelines/vector/corner_rows.h"

namespace scarp::vector {

struct TracerOptions {
  TraceRules rules;
  /// The borders of objects that are open at one row may take this much memory.
  std::size_t most_open_bytes = std::size_t{1} << 30;
  /// Rows that are read and traced at a time; 0: as default_band_rows. The answer does not depend on it.
  std::int64_t band_rows = 0;
  CornerRows* corner_rows = nullptr;  ///< for an ArcSimplifier: filled before objects are handed out, which
                                      ///< need rules.junctions then
  std::function<void(std::int64_t)> rows_done;  ///< called now and then: objects to come begin in this row or
                                                ///< below
  int workers = 1;                              ///< threads; 0: one a processor core
};

/// Reads what is known of some rows beside their classes, maybe before the rows above are traced.
using ValuesReader = std::function<std::shared_ptr<BandValues>(std::int64_t first_row, std::int64_t rows)>;

/// About 2 million pixels, or 1 million with sums.
std::int64_t default_band_rows(std::int64_t cols, bool sums);

using ObjectSink = std::function<void(const TracedObject&)>;

/// Class rasters to objects in pixel corners, in one pass over the rows. Every value but nodata becomes
/// objects: pixels of one value that share an edge (4-connected), or an edge or a corner (8-connected; an
/// object is then parts that meet at points). Objects are handed out as soon as a band of rows after their
/// last one has been seen, by their last rows, those of one last row by their first pixels row by row; their
/// place in this order is their number. It depends on the raster alone. Memory grows with the width and with
/// the borders of open objects. The type of values is uint8_t, uint16_t or int32_t.
///
/// Method: run-based union-find labels (He, Chao and Suzuki 2008) beside two-arm chains of borders (as in
/// GDAL since 3.7), both fed by bit rows that mark where neighbouring pixels differ.
template <typename T>
class ClassTracer {
 public:
  /// @throws Error (bad_argument) if the columns are not 1 .. kMostColumns
  ClassTracer(std::int64_t cols, const TracerOptions& options, ObjectSink sink);
  ~ClassTracer();

  /// @param pixels  whole rows, below those that came before
  /// @param values  of these rows, which are traced at once; needed if rules.sums, else not looked at
  /// @throws Error (bad_argument) if they are not whole, (too_complex)
  void push(std::span<const T> pixels, BandValues* values = nullptr);
  void finish();
  std::size_t open_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Sides of rasters: corners are kept as 4 times their columns, in 32 bits.
inline constexpr std::int64_t kMostColumns = (std::int64_t{1} << 29) - 1;
inline constexpr std::int64_t kMostRows = (std::int64_t{1} << 31) - 2;

/// Traces a whole raster, bands of rows side by side.
/// @param read  called as read(first row, rows, pixels [rows, cols]) for each band once, by several threads
/// at
///              once
/// @param sink  called by one thread at a time, in order
/// @param values  called for each band from top to bottom, by one thread at a time; needed if rules.sums
template <typename T>
void trace_classes(std::int64_t rows,
                   std::int64_t cols,
                   const TracerOptions& options,
                   const std::function<void(std::int64_t, std::int64_t, T*)>& read,
                   const ObjectSink& sink,
                   const ValuesReader& values = {});

}  // namespace scarp::vector

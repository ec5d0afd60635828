// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "geo/grid.h"

namespace scarp::geo {

/// Where the pixels of one grid lie on another: exact (PROJ) at the nodes of a lattice that is anchored at
/// the grid's first pixel, linear between. Cells whose middle is off by more than `kToleratedPx` are marked;
/// their pixels are transformed one by one. Positions are in pixels of the other grid, whole numbers at pixel
/// centres.
class PositionLattice {
 public:
  static constexpr double kToleratedPx = 1e-3;

  /// @param cols_begin, cols_end  columns that will ever be asked for. Nodes are transformed a whole row at a
  /// time: PROJ
  ///                              chooses among transformations by where a batch lies, and the choice must
  ///                              not depend on what is read.
  PositionLattice(const Grid& grid, const Grid& other, std::int64_t cols_begin, std::int64_t cols_end);

  /// Side of a cell in pixels: a power of two, at most 64.
  std::int64_t step() const { return step_; }

  /// A cell of `step` x `step` pixels. Corners: first pixel, that of the next cell to the right, below, and
  /// both.
  struct Cell {
    double row[4];
    double col[4];
    bool linear;  ///< false: use `pixels`
  };
  /// The cell whose first pixel is (lattice_row * step, lattice_col * step).
  Cell cell(std::int64_t lattice_row, std::int64_t lattice_col);
  /// Exact positions of all pixels of a cell, [step, step]; NaN where there is none.
  void pixels(std::int64_t lattice_row,
              std::int64_t lattice_col,
              std::vector<double>& rows,
              std::vector<double>& cols) const;
  /// Exact positions, in place: pixel centres of the grid become positions on the other.
  void exact(std::vector<double>& rows, std::vector<double>& cols) const;

 private:
  struct NodeRow {
    std::vector<double> row;
    std::vector<double> col;
  };
  NodeRow transformed_row(std::int64_t lattice_row, double offset) const;
  const NodeRow& nodes(std::int64_t lattice_row);
  const std::vector<std::uint8_t>& linear_cells(std::int64_t lattice_row);
  double worst_sampled_error(std::int64_t step) const;

  Grid grid_;
  Grid other_;
  MapTransform transform_;
  std::int64_t step_ = 64;
  std::int64_t first_col_ = 0;  ///< lattice column of the first node of a row
  std::int64_t node_cols_ = 0;
  std::map<std::int64_t, NodeRow> nodes_;
  std::map<std::int64_t, std::vector<std::uint8_t>> linear_;
};

}  // namespace scarp::geo

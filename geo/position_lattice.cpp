// SPDX-License-Identifier: Apache-2.0
#include "geo/position_lattice.h"

#include <algorithm>
#include <cmath>

namespace scarp::geo {
namespace {

constexpr std::int64_t kWidestStep = 64;
constexpr std::int64_t kNarrowestStep = 4;
/// Rows of nodes that are kept; then all are dropped.
constexpr std::size_t kKeptRows = 256;

std::int64_t lattice_floor(std::int64_t a, std::int64_t b) {
  return a >= 0 ? a / b : -((-a + b - 1) / b);
}

}  // namespace

PositionLattice::PositionLattice(const Grid& grid,
                                 const Grid& other,
                                 std::int64_t cols_begin,
                                 std::int64_t cols_end)
    : grid_(grid), other_(other), transform_(grid.crs, other.crs) {
  if (!transform_.identity()) {
    // A quarter of what is tolerated: the samples need not hold the worst cell.
    while (step_ > kNarrowestStep && worst_sampled_error(step_) > 0.25 * kToleratedPx) step_ /= 2;
  }
  first_col_ = lattice_floor(cols_begin, step_);
  node_cols_ = lattice_floor(cols_end - 1, step_) + 2 - first_col_;
}

void PositionLattice::exact(std::vector<double>& rows, std::vector<double>& cols) const {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const MapPoint point = grid_.map_from_pixel({rows[i] + 0.5, cols[i] + 0.5});
    cols[i] = point.x;
    rows[i] = point.y;
  }
  transform_.apply(cols, rows);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const PixelPoint pixel = other_.pixel_from_map({cols[i], rows[i]});
    rows[i] = pixel.row - 0.5;
    cols[i] = pixel.col - 0.5;
  }
}

double PositionLattice::worst_sampled_error(std::int64_t step) const {
  constexpr int kSamples = 9;
  double worst = 0;
  for (int i = 0; i < kSamples * kSamples; ++i) {
    const int down = i / kSamples, across = i % kSamples;
    const double row = std::floor(static_cast<double>(grid_.rows) * down / (kSamples - 1.0));
    const double col = std::floor(static_cast<double>(grid_.cols) * across / (kSamples - 1.0));
    const auto side = static_cast<double>(step);
    std::vector<double> rows = {row, row, row + side, row + side, row + 0.5 * side};
    std::vector<double> cols = {col, col + side, col, col + side, col + 0.5 * side};
    exact(rows, cols);
    const double error = std::hypot(0.25 * (rows[0] + rows[1] + rows[2] + rows[3]) - rows[4],
                                    0.25 * (cols[0] + cols[1] + cols[2] + cols[3]) - cols[4]);
    // A sample that cannot be transformed says nothing of the others; its cell is done pixel by pixel.
    if (std::isfinite(error)) worst = std::max(worst, error);
  }
  return worst;
}

PositionLattice::NodeRow PositionLattice::transformed_row(std::int64_t lattice_row, double offset) const {
  NodeRow made;
  const auto side = static_cast<double>(step_);
  for (std::int64_t i = 0; i < node_cols_; ++i) {
    made.row.push_back((static_cast<double>(lattice_row) + offset) * side);
    made.col.push_back((static_cast<double>(first_col_ + i) + offset) * side);
  }
  exact(made.row, made.col);
  return made;
}

const PositionLattice::NodeRow& PositionLattice::nodes(std::int64_t lattice_row) {
  const auto found = nodes_.find(lattice_row);
  if (found != nodes_.end()) return found->second;
  return nodes_.emplace(lattice_row, transformed_row(lattice_row, 0)).first->second;
}

const std::vector<std::uint8_t>& PositionLattice::linear_cells(std::int64_t lattice_row) {
  const auto found = linear_.find(lattice_row);
  if (found != linear_.end()) return found->second;
  std::vector<std::uint8_t> linear(static_cast<std::size_t>(node_cols_), 1);
  if (!transform_.identity()) {
    const NodeRow& top = nodes(lattice_row);
    const NodeRow& bottom = nodes(lattice_row + 1);
    const NodeRow middle = transformed_row(lattice_row, 0.5);
    for (std::size_t i = 0; i + 1 < linear.size(); ++i) {
      const double row = 0.25 * (top.row[i] + top.row[i + 1] + bottom.row[i] + bottom.row[i + 1]);
      const double col = 0.25 * (top.col[i] + top.col[i + 1] + bottom.col[i] + bottom.col[i + 1]);
      // Not-a-number compares false: such a cell is not linear.
      linear[i] = std::hypot(row - middle.row[i], col - middle.col[i]) <= kToleratedPx ? 1 : 0;
    }
  }
  return linear_.emplace(lattice_row, std::move(linear)).first->second;
}

PositionLattice::Cell PositionLattice::cell(std::int64_t lattice_row, std::int64_t lattice_col) {
  if (nodes_.size() > kKeptRows) {
    nodes_.clear();
    linear_.clear();
  }
  const auto i = static_cast<std::size_t>(lattice_col - first_col_);
  const bool linear = linear_cells(lattice_row)[i] != 0;
  const NodeRow& top = nodes(lattice_row);
  const NodeRow& bottom = nodes(lattice_row + 1);
  return {{top.row[i], top.row[i + 1], bottom.row[i], bottom.row[i + 1]},
          {top.col[i], top.col[i + 1], bottom.col[i], bottom.col[i + 1]},
          linear};
}

void PositionLattice::pixels(std::int64_t lattice_row,
                             std::int64_t lattice_col,
                             std::vector<double>& rows,
                             std::vector<double>& cols) const {
  const auto count = static_cast<std::size_t>(step_ * step_);
  rows.resize(count);
  cols.resize(count);
  for (std::int64_t i = 0; i < step_ * step_; ++i) {
    const std::int64_t down = i / step_, across = i % step_;
    rows[static_cast<std::size_t>(i)] = static_cast<double>(lattice_row * step_ + down);
    cols[static_cast<std::size_t>(i)] = static_cast<double>(lattice_col * step_ + across);
  }
  exact(rows, cols);
}

}  // namespace scarp::geo

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "geo/position_lattice.h"

namespace scarp::geo {

/// A part of a raster to sample from, NaN where it is invalid. Holds every pixel around the positions that
/// are asked for; one row or column beyond the raster's last stands for what is not there.
struct BilinearSource {
  const float* metres;
  Window window;
  std::int64_t raster_rows;
  std::int64_t raster_cols;
};

/// Exact positions of the pixels of a cell.
struct CellPixels {
  std::vector<double> rows;
  std::vector<double> cols;
};

/// Bilinear samples at the pixels of a cell; NaN where a pixel with weight is NaN or the position is outside
/// the raster. Positions in the outer half of a border pixel take the border's values. Weights below 1e-4 are
/// 0: a pixel that is met exactly does not suffer from its neighbour for a rounding error.
void sample_cell(const BilinearSource& source,
                 const PositionLattice::Cell& cell,
                 std::int64_t step,
                 float* target,
                 std::int64_t stride);
void sample_pixels(const BilinearSource& source,
                   const CellPixels& pixels,
                   std::int64_t step,
                   float* target,
                   std::int64_t stride);

/// NaN-coded elevations as metres (0 where invalid) and validity.
void split_validity(const float* coded, std::int64_t count, float* metres, std::uint8_t* valid);

}  // namespace scarp::geo

// SPDX-License-Identifier: Apache-2.0
#include "geo/position_lattice.h"

#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "geo/elevation_grid.h"
#include "geo/raster_source_averaged.h"
#include "tests/support/gdal_files.h"
#include "tests/support/memory_scene.h"

namespace scarp::geo {
namespace {

Grid degrees(double west, double north, double pixel, std::int64_t rows, std::int64_t cols) {
  Grid grid;
  grid.crs = Crs::from_user_input("EPSG:4326");
  grid.geotransform = {west, pixel, 0, north, 0, -pixel};
  grid.rows = rows;
  grid.cols = cols;
  return grid;
}

/// The worst distance of positions linear between the corners of linear cells from exact ones.
double worst_error(const Grid& grid, const Grid& other, int& linear_cells) {
  PositionLattice lattice(grid, other, 0, grid.cols);
  std::mt19937 random(8);
  double worst = 0;
  const std::int64_t step = lattice.step();
  for (int round = 0; round < 60; ++round) {
    const auto i = static_cast<std::int64_t>(random() % static_cast<unsigned>(1 + grid.rows / step));
    const auto j = static_cast<std::int64_t>(random() % static_cast<unsigned>(grid.cols / step));
    const PositionLattice::Cell cell = lattice.cell(i, j);
    if (!cell.linear) continue;
    ++linear_cells;
    std::vector<double> rows;
    std::vector<double> cols;
    lattice.pixels(i, j, rows, cols);
    for (std::size_t k = 0; k < rows.size(); ++k) {
      const double y = static_cast<double>(static_cast<std::int64_t>(k) / step) / static_cast<double>(step);
      const double x = static_cast<double>(static_cast<std::int64_t>(k) % step) / static_cast<double>(step);
      const auto mixed = [&](const double* at) {
        return (at[0] * (1 - x) + at[1] * x) * (1 - y) + (at[2] * (1 - x) + at[3] * x) * y;
      };
      worst = std::max(worst, std::hypot(mixed(cell.row) - rows[k], mixed(cell.col) - cols[k]));
    }
  }
  return worst;
}

TEST(PositionLattice, IsExactToAThousandthOfAPixelOnFineGrids) {
  int linear = 0;
  EXPECT_LT(worst_error(test::utm_grid(5000, 5000, 2), degrees(8.9, 47.1, 0.0001, 2000, 3000), linear), 1e-3);
  EXPECT_EQ(linear, 60);
}

TEST(PositionLattice, TakesSmallerCellsOnCoarseGrids) {
  // Pixels of 300 m: the curvature of the Earth shows within 64 of them.
  const Grid grid = test::utm_grid(2000, 2000, 300, 200000, 5500000);
  const Grid dem = degrees(4, 51, 0.003, 3000, 4000);
  EXPECT_LT(PositionLattice(grid, dem, 0, grid.cols).step(), 64);
  int linear = 0;
  EXPECT_LT(worst_error(grid, dem, linear), 1.1e-3);
  EXPECT_GT(linear, 30);
}

TEST(PositionLattice, BetweenGridsOfOneSystemPositionsAreWholePixels) {
  PositionLattice lattice(test::utm_grid(100, 100, 5), test::utm_grid(100, 100, 5, 500000 - 15, 5200000 + 10),
                          0, 100);
  const PositionLattice::Cell cell = lattice.cell(0, 0);
  EXPECT_TRUE(cell.linear);
  EXPECT_NEAR(cell.row[0], 2, 1e-9);
  EXPECT_NEAR(cell.col[3], 3 + 64, 1e-9);
}

TEST(ElevationGrid, FollowsTheGroundAcrossTheAntimeridian) {
  // UTM zone 1 and a DEM that goes round the whole Earth: one block's pixels lie at both of its ends.
  Grid grid = test::utm_grid(300, 300, 400, 106000, 100000);
  grid.crs = Crs::from_user_input("EPSG:32601");
  const Grid round_the_earth = degrees(-180, 2, 0.01, 400, 36000);
  const MemoryRaster dem = test::one_band(
      round_the_earth, [&](std::int64_t row, std::int64_t) { return 0.25 * static_cast<double>(row); });
  ElevationGrid elevation(grid, make_memory_source(dem), 0);
  std::vector<float> metres;
  std::vector<std::uint8_t> valid;
  elevation.read(grid.window(), metres, valid);
  const MapTransform to_degrees(grid.crs, round_the_earth.crs);
  int west = 0;
  int east = 0;
  for (std::int64_t i = 0; i < grid.window().pixels(); ++i) {
    const MapPoint point =
        grid.map_from_pixel({static_cast<double>(i / 300) + 0.5, static_cast<double>(i % 300) + 0.5});
    std::vector<double> x = {point.x};
    std::vector<double> y = {point.y};
    to_degrees.apply(x, y);
    (x[0] > 0 ? west : east) += 1;
    ASSERT_EQ(valid[static_cast<std::size_t>(i)], 1) << i;
    ASSERT_NEAR(metres[static_cast<std::size_t>(i)], 0.25 * ((2 - y[0]) / 0.01 - 0.5), 0.01) << i;
  }
  EXPECT_GT(west, 1000);
  EXPECT_GT(east, 1000);
}

TEST(AveragedSource, MeansOfValidPixelsByHand) {
  MemoryRaster raster;
  raster.grid = test::utm_grid(3, 5, 2);
  raster.bands.resize(1);
  raster.values = {1, 3, 10, 99, 7, 5, 7, 99, 99, 9, 2, 4, 99, 6, 8};
  raster.valid = {1, 1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 1, 1};
  const auto source = make_averaged_source(make_memory_source(raster), 2);
  EXPECT_EQ(source->grid().rows, 2);
  EXPECT_EQ(source->grid().cols, 3);
  EXPECT_EQ(source->grid().geotransform[1], 4);
  const test::ReadBack all = test::read_window(*source, {0, 0, 2, 3}, {0});
  // One of four is too few; of the cells at the edges counts what is there.
  EXPECT_EQ(all.values, (std::vector<float>{4, 0, 8, 3, 6, 8}));
  EXPECT_EQ(all.valid, (std::vector<std::uint8_t>{1, 0, 1, 1, 1, 1}));
  EXPECT_EQ(test::read_window(*source->reopen(), {1, 1, 1, 2}, {0}).values, (std::vector<float>{6, 8}));
}

}  // namespace
}  // namespace scarp::geo

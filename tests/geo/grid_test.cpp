// SPDX-License-Identifier: Apache-2.0
#include "geo/grid.h"

#include <random>

#include <gtest/gtest.h>

#include "tests/support/memory_scene.h"

namespace scarp::geo {
namespace {

Grid degree_grid(double latitude) {
  Grid grid;
  grid.rows = 100;
  grid.cols = 100;
  grid.geotransform = {10, 0.001, 0, latitude + 0.05, 0, -0.001};
  grid.crs = Crs::from_user_input("EPSG:4326");
  return grid;
}

TEST(Grid, PixelCornersAndCentresLieWhereTheGeotransformSays) {
  const Grid grid = test::utm_grid(10, 20, 2, 1000, 500);
  EXPECT_EQ(grid.map_from_pixel({0, 0}), (MapPoint{1000, 500}));
  EXPECT_EQ(grid.map_from_pixel({0.5, 1.5}), (MapPoint{1003, 499}));
  EXPECT_EQ(grid.pixel_from_map({1003, 499}), (PixelPoint{0.5, 1.5}));
}

TEST(Grid, MapAndPixelAreInverseAlsoWhereTheGridIsSheared) {
  std::mt19937 random(5);
  std::uniform_real_distribution<double> uniform(-100, 100);
  Grid grid = test::utm_grid(10, 20, 2);
  grid.geotransform = {300, 1.5, 0.4, -20, 0.3, -2.5};
  for (int i = 0; i < 100; ++i) {
    const PixelPoint pixel{uniform(random), uniform(random)};
    const PixelPoint back = grid.pixel_from_map(grid.map_from_pixel(pixel));
    EXPECT_NEAR(back.row, pixel.row, 1e-10);
    EXPECT_NEAR(back.col, pixel.col, 1e-10);
  }
}

TEST(Grid, CroppedKeepsPixelsInPlace) {
  const Grid grid = test::utm_grid(100, 100, 0.5);
  const Grid part = grid.cropped({-3, 7, 20, 30});
  EXPECT_EQ(part.rows, 20);
  EXPECT_EQ(part.cols, 30);
  EXPECT_EQ(part.map_from_pixel({0, 0}), grid.map_from_pixel({-3, 7}));
  EXPECT_EQ(part.map_from_pixel({20, 30}), grid.map_from_pixel({17, 37}));
}

TEST(Grid, PixelSizeOfDegreesIsThatOfTheEllipsoid) {
  // Length of a degree on WGS 84: 111319.491 m of longitude and 110574.276 m of latitude at the equator; at
  // 60 degrees 55800.234 m and 111412.24 m (National Geospatial-Intelligence Agency's degree length tables).
  EXPECT_NEAR(degree_grid(0).pixel_size().x_m, 111.319491, 1e-5);
  EXPECT_NEAR(degree_grid(0).pixel_size().y_m, 110.574276, 1e-4);
  EXPECT_NEAR(degree_grid(60).pixel_size().x_m, 55.800234, 1e-3);
  EXPECT_NEAR(degree_grid(60).pixel_size().y_m, 111.41224, 1e-3);
}

TEST(Grid, PixelSizeOfFeetIsInMetres) {
  Grid grid = test::utm_grid(10, 10, 3);
  grid.crs = Crs::from_user_input("EPSG:2263");  // New York Long Island, US survey feet
  EXPECT_NEAR(grid.pixel_size().x_m, 3 * 1200.0 / 3937.0, 1e-12);
}

TEST(Grid, GridsAreEqualIfPlaceSizeAndCrsAre) {
  const Grid grid = test::utm_grid(10, 10, 3);
  Grid other = grid;
  EXPECT_EQ(grid, other);
  other.crs = Crs::from_user_input("EPSG:32633");
  EXPECT_NE(grid, other);
  other = grid;
  other.geotransform[0] += 1;
  EXPECT_NE(grid, other);
}

TEST(WindowOfBox, HoldsEveryPixelThatTheBoxTouches) {
  const Grid grid = test::utm_grid(100, 100, 10, 0, 1000);
  EXPECT_EQ(window_of_box(grid, 15, 955, 35, 985), (Window{1, 1, 4, 3}));
  // On pixel borders exactly: no pixel more.
  EXPECT_EQ(window_of_box(grid, 20, 900, 40, 960), (Window{4, 2, 6, 2}));
  // A point is one pixel; beyond the grid counts on.
  EXPECT_EQ(window_of_box(grid, -5, 1005, -5, 1005), (Window{-1, -1, 1, 1}));
}

TEST(WindowOfBox, RefusesMinimaAboveMaxima) {
  test::expect_fault(Fault::bad_argument, "give minima before maxima",
                     [] { window_of_box(test::utm_grid(10, 10, 1), 5, 0, 4, 1); });
}

TEST(RequireMappable, NamesWhatIsMissing) {
  Grid grid = test::utm_grid(10, 10, 1);
  EXPECT_NO_THROW(require_mappable(grid, "a.tif"));
  grid.geotransform[2] = 0.1;
  test::expect_fault(Fault::unsupported_grid, "a.tif is rotated", [&] { require_mappable(grid, "a.tif"); });
  grid.geotransform = {0, 1, 0, 0, 0, 1};
  test::expect_fault(Fault::unsupported_grid, "a.tif has no geotransform",
                     [&] { require_mappable(grid, "a.tif"); });
  grid.crs = Crs();
  test::expect_fault(Fault::missing_crs, "a.tif has no coordinate reference system",
                     [&] { require_mappable(grid, "a.tif"); });
}

}  // namespace
}  // namespace scarp::geo

// SPDX-License-Identifier: Apache-2.0
#include "geo/aligned_stack.h"

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include <gdal_utils.h>
#include <gtest/gtest.h>

#include "tests/support/gdal_files.h"
#include "tests/support/memory_scene.h"
#include "tests/support/test_files.h"

namespace scarp::geo {
namespace {

std::vector<TerrainChannel> some_channels() {
  return {{TerrainKind::elevation, 0},
          {TerrainKind::relative_elevation, 33},
          {TerrainKind::slope, 0},
          {TerrainKind::aspect, 0},
          {TerrainKind::plan_curvature, 0}};
}

MemoryRaster coloured(const Grid& grid) {
  MemoryRaster raster;
  raster.grid = grid;
  raster.bands.resize(2);
  raster.name = "image.tif";
  for (std::int64_t i = 0; i < 2 * grid.window().pixels(); ++i)
    raster.values.push_back(static_cast<float>(i % 251 + 1));
  raster.valid.assign(static_cast<std::size_t>(grid.window().pixels()), 1);
  for (std::size_t i = 0; i < raster.valid.size(); i += 97) raster.valid[i] = 0;
  return raster;
}

/// A DEM of hills in degrees that covers a grid in UTM zone 32 near 9 E, 47 N, with a margin.
MemoryRaster dem_in_degrees(const Grid& grid, double degrees) {
  const Crs wgs84 = Crs::from_user_input("EPSG:4326");
  const MapTransform to_degrees(grid.crs, wgs84);
  const MapPoint low = grid.map_from_pixel({static_cast<double>(grid.rows), 0});
  const MapPoint high = grid.map_from_pixel({0, static_cast<double>(grid.cols)});
  std::vector<double> x = {low.x, high.x};
  std::vector<double> y = {low.y, high.y};
  to_degrees.apply(x, y);
  Grid dem;
  dem.crs = wgs84;
  dem.geotransform = {x[0] - 20 * degrees, degrees, 0, y[1] + 20 * degrees, 0, -degrees};
  dem.rows = static_cast<std::int64_t>((y[1] - y[0]) / degrees) + 40;
  dem.cols = static_cast<std::int64_t>((x[1] - x[0]) / degrees) + 40;
  const MapTransform back(wgs84, grid.crs);
  return test::one_band(dem, [&](std::int64_t row, std::int64_t col) {
    const MapPoint point =
        dem.map_from_pixel({static_cast<double>(row) + 0.5, static_cast<double>(col) + 0.5});
    std::vector<double> px = {point.x};
    std::vector<double> py = {point.y};
    back.apply(px, py);
    return test::hills(px[0] - 500000, py[0] - 5200000);
  });
}

std::int64_t pick(std::mt19937& random, std::int64_t below) {
  return static_cast<std::int64_t>(random() % static_cast<unsigned>(below));
}

void punch_holes(MemoryRaster& raster, unsigned seed, unsigned one_in) {
  std::mt19937 random(seed);
  raster.valid.assign(static_cast<std::size_t>(raster.grid.window().pixels()), 1);
  for (std::uint8_t& valid : raster.valid) valid = random() % one_in == 0 ? 0 : 1;
}

AlignedStack stack_of(const MemoryRaster& optical, const MemoryRaster& dem, const StackOptions& options) {
  return AlignedStack(make_memory_source(optical), make_memory_source(dem), options);
}

template <typename T>
void expect_same_part(const std::vector<T>& part,
                      const Window& window,
                      const std::vector<T>& all,
                      const Window& whole,
                      std::size_t planes) {
  for (std::size_t plane = 0; plane < planes; ++plane) {
    for (std::int64_t row = 0; row < window.rows; ++row) {
      const auto from =
          plane * static_cast<std::size_t>(window.pixels()) + static_cast<std::size_t>(row * window.cols);
      const auto at =
          plane * static_cast<std::size_t>(whole.pixels()) +
          static_cast<std::size_t>((window.row + row - whole.row) * whole.cols + window.col - whole.col);
      ASSERT_EQ(
          std::memcmp(part.data() + from, all.data() + at, static_cast<std::size_t>(window.cols) * sizeof(T)),
          0)
          << "plane " << plane << ", row " << window.row + row;
    }
  }
}

void expect_same_tile(const StackTile& part, const StackTile& all, std::size_t bands, std::size_t channels) {
  expect_same_part(part.optical, part.window, all.optical, all.window, bands);
  expect_same_part(part.terrain, part.window, all.terrain, all.window, channels);
  expect_same_part(part.valid, part.window, all.valid, all.window, 1);
  expect_same_part(part.terrain_valid, part.window, all.terrain_valid, all.window, 1);
}

/// Reads windows in random order, some beyond the grid, with several stacks, and compares with one read of
/// everything.
void expect_windows_do_not_matter(const MemoryRaster& optical, const MemoryRaster& dem, DemGaps gaps) {
  StackOptions options{{1, 0}, some_channels(), gaps};
  AlignedStack first = stack_of(optical, dem, options);
  const Window whole = optical.grid.window().grown(7);
  StackTile all;
  first.read(whole, all);
  std::mt19937 random(17);
  StackTile tile;
  for (int stack_round = 0; stack_round < 3; ++stack_round) {
    AlignedStack other = first.reopen();
    for (int round = 0; round < 12; ++round) {
      Window window{pick(random, whole.rows) - 7, pick(random, whole.cols) - 7, 1 + pick(random, 150),
                    1 + pick(random, 150)};
      window = intersection(window, whole);
      other.read(window, tile);
      ASSERT_EQ(tile.window, window);
      expect_same_tile(tile, all, 2, options.terrain.size());
    }
  }
}

/// Elevation that was read for bands of rows gives the terrain of any part of them.
void expect_parts_are_those_of_read(const MemoryRaster& optical,
                                    const MemoryRaster& dem,
                                    const std::vector<TerrainChannel>& channels) {
  AlignedStack stack = stack_of(optical, dem, {{}, channels, DemGaps::fill});
  const Window whole = optical.grid.window();
  StackTile all;
  stack.read(whole, all);
  std::mt19937 random(23);
  StackElevation elevation;
  StackTerrain terrain;
  for (std::int64_t row = 0; row < whole.rows; row += 37) {
    const Window band{row, 0, std::min<std::int64_t>(37, whole.rows - row), whole.cols};
    stack.read_elevation(band, elevation);
    for (int round = 0; round < 8; ++round) {
      const std::int64_t col = pick(random, whole.cols);
      const Window part{row + pick(random, band.rows), col, 1, 1 + pick(random, whole.cols - col)};
      stack.derive(elevation, part, terrain);
      for (std::size_t channel = 0; channel < channels.size(); ++channel) {
        for (std::int64_t i = 0; i < part.cols; ++i) {
          const auto from = static_cast<std::size_t>(static_cast<std::int64_t>(channel) * part.cols + i);
          const auto at = static_cast<std::size_t>(part.row * whole.cols + col + i);
          ASSERT_EQ(terrain.valid[static_cast<std::size_t>(i)], all.terrain_valid[at]);
          const float expected = all.terrain[channel * all.valid.size() + at];
          ASSERT_EQ(std::memcmp(&terrain.terrain[from], &expected, sizeof expected), 0)
              << "channel " << channel << ", row " << part.row << ", column " << col + i;
        }
      }
    }
  }
}

TEST(AlignedStack, PartsOfABandHaveTheTerrainThatReadGives) {
  const std::vector<TerrainChannel> near = {
      {TerrainKind::elevation}, {TerrainKind::slope}, {TerrainKind::gradient_east}, {TerrainKind::aspect}};
  const Grid grid = test::utm_grid(150, 170, 5);
  MemoryRaster same = test::hilly_dem(grid);
  punch_holes(same, 1, 300);
  MemoryRaster smaller = test::hilly_dem(grid.cropped({20, 30, 100, 90}));
  punch_holes(smaller, 2, 300);
  MemoryRaster larger = test::hilly_dem(grid.cropped({-20, -30, 250, 290}));
  MemoryRaster coarser = dem_in_degrees(grid, 0.00016);
  punch_holes(coarser, 3, 500);
  for (const auto* dem : std::initializer_list<const MemoryRaster*>{&same, &smaller, &larger, &coarser}) {
    expect_parts_are_those_of_read(coloured(grid), *dem, near);
    expect_parts_are_those_of_read(coloured(grid), *dem, some_channels());
  }
}

// Windows that share many rows are read through blocks, others straight: that must not be seen.
TEST(AlignedStack, ChannelsDoNotDependOnWhatElseIsAsked) {
  const Grid grid = test::utm_grid(150, 170, 5);
  MemoryRaster dem = test::hilly_dem(grid.cropped({20, 30, 100, 160}));
  punch_holes(dem, 2, 300);
  StackTile alone;
  StackTile beside;
  stack_of(coloured(grid), dem, {{}, {{TerrainKind::slope}}, DemGaps::fill}).read(grid.window(), alone);
  stack_of(coloured(grid), dem,
           {{}, {{TerrainKind::slope}, {TerrainKind::relative_elevation, 33}}, DemGaps::fill})
      .read(grid.window(), beside);
  ASSERT_EQ(alone.terrain_valid, beside.terrain_valid);
  beside.terrain.resize(alone.terrain.size());
  EXPECT_EQ(alone.terrain, beside.terrain);
}

TEST(AlignedStack, WindowsDoNotMatterOnTheSameGrid) {
  const Grid grid = test::utm_grid(300, 410, 5);
  MemoryRaster dem = test::hilly_dem(grid);
  punch_holes(dem, 1, 300);
  expect_windows_do_not_matter(coloured(grid), dem, DemGaps::fill);
}

TEST(AlignedStack, WindowsDoNotMatterInAnotherCrs) {
  const Grid grid = test::utm_grid(300, 410, 5);
  MemoryRaster dem = dem_in_degrees(grid, 0.00005);
  punch_holes(dem, 2, 500);
  expect_windows_do_not_matter(coloured(grid), dem, DemGaps::mask);
}

TEST(AlignedStack, WindowsDoNotMatterWhereTheDemIsThreeTimesCoarser) {
  const Grid grid = test::utm_grid(300, 410, 5);
  MemoryRaster dem = dem_in_degrees(grid, 0.00016);
  punch_holes(dem, 3, 500);
  expect_windows_do_not_matter(coloured(grid), dem, DemGaps::fill);
}

TEST(AlignedStack, WindowsDoNotMatterWhereTheDemIsFiner) {
  const Grid grid = test::utm_grid(120, 130, 20);
  MemoryRaster dem = dem_in_degrees(grid, 0.00005);
  punch_holes(dem, 4, 50);
  expect_windows_do_not_matter(coloured(grid), dem, DemGaps::fill);
}

TEST(AlignedStack, WindowsDoNotMatterWithLandsatAndACoarseDem) {
  SCARP_REAL_DATA(optical, "earth/olinda/L7_ETMs.tif");
  SCARP_REAL_DATA(dem, "earth/olinda/olinda_dem_utm25s.tif");
  const StackOptions options{{0, 3}, some_channels(), DemGaps::fill};
  AlignedStack stack(open_raster(optical), open_raster(dem), options);
  StackTile all;
  stack.read(stack.grid().window(), all);
  EXPECT_GT(std::count(all.terrain_valid.begin(), all.terrain_valid.end(), 1),
            stack.grid().window().pixels() * 9 / 10);
  std::mt19937 random(5);
  StackTile tile;
  AlignedStack other = stack.reopen();
  for (int round = 0; round < 20; ++round) {
    const Window window =
        intersection({pick(random, 340), pick(random, 340), 1 + pick(random, 90), 1 + pick(random, 90)},
                     stack.grid().window());
    other.read(window, tile);
    expect_same_tile(tile, all, 2, options.terrain.size());
  }
}

TEST(AlignedStack, ElevationFollowsTheGroundInAnotherCrs) {
  const Grid grid = test::utm_grid(200, 210, 5);
  AlignedStack stack = stack_of(coloured(grid), dem_in_degrees(grid, 0.00005),
                                {{0}, {{TerrainKind::elevation, 0}}, DemGaps::fill});
  StackTile tile;
  stack.read(grid.window(), tile);
  for (std::int64_t i = 0; i < grid.window().pixels(); ++i) {
    const MapPoint point =
        grid.map_from_pixel({static_cast<double>(i / 210) + 0.5, static_cast<double>(i % 210) + 0.5});
    ASSERT_EQ(tile.terrain_valid[static_cast<std::size_t>(i)], 1);
    // Waves of 70 m under pixels of 4 to 5.5 m: bilinear is off by some centimetres.
    ASSERT_NEAR(tile.terrain[static_cast<std::size_t>(i)], test::hills(point.x - 500000, point.y - 5200000),
                0.5);
  }
}

TEST(AlignedStack, ElevationEqualsGdalwarpWithExactTransform) {
  const test::TempFolder folder;
  const Grid grid = test::utm_grid(200, 210, 5);
  // DEM pixels larger than 5 m both ways: where they are smaller, gdalwarp widens its kernel.
  MemoryRaster dem = dem_in_degrees(grid, 0.00007);
  dem.valid.assign(dem.values.size(), 1);
  test::save_raster(folder.file("dem.tif"), dem, -9999);
  AlignedStack stack(make_memory_source(coloured(grid)), open_raster(folder.file("dem.tif")),
                     {{}, {{TerrainKind::elevation, 0}}, DemGaps::fill});
  StackTile tile;
  stack.read(grid.window(), tile);

  const std::string wkt = grid.crs.wkt();
  const char* arguments[] = {"-t_srs", wkt.c_str(), "-te", "500000", "5199000", "501050",   "5200000", "-ts",
                             "210",    "200",       "-et", "0",      "-r",      "bilinear", nullptr};
  GDALWarpAppOptions* options = GDALWarpAppOptionsNew(const_cast<char**>(arguments), nullptr);
  const test::TestDataset source(GDALDataset::Open(folder.file("dem.tif").c_str()));
  GDALDatasetH handle = source.get();
  const test::TestDataset warped(GDALDataset::FromHandle(
      GDALWarp(folder.file("warped.tif").c_str(), nullptr, 1, &handle, options, nullptr)));
  GDALWarpAppOptionsFree(options);
  ASSERT_NE(warped, nullptr);
  std::vector<float> expected(tile.terrain.size());
  ASSERT_EQ(warped->GetRasterBand(1)->RasterIO(GF_Read, 0, 0, 210, 200, expected.data(), 210, 200,
                                               GDT_Float32, 0, 0, nullptr),
            CE_None);
  for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(tile.terrain[i], expected[i], 0.01) << i;
}

TEST(AlignedStack, ACoarseDemKeepsItsSlope) {
  // A plane that rises one metre in five towards east, seen by a DEM of 15 m under an image of 5 m.
  const Grid grid = test::utm_grid(90, 90, 5);
  const Grid coarse = test::utm_grid(50, 50, 15, 500000 - 150, 5200000 + 150);
  const MemoryRaster dem =
      test::one_band(coarse, [](std::int64_t, std::int64_t col) { return static_cast<double>(col) * 3; });
  AlignedStack stack = stack_of(
      coloured(grid), dem,
      {{0}, {{TerrainKind::slope, 0}, {TerrainKind::aspect, 0}, {TerrainKind::elevation, 0}}, DemGaps::fill});
  StackTile tile;
  stack.read(grid.window(), tile);
  const std::size_t pixels = tile.valid.size();
  for (std::size_t i = 0; i < pixels; ++i) {
    ASSERT_NEAR(tile.terrain[i], std::atan(0.2) * 57.29577951, 1e-4);
    ASSERT_NEAR(tile.terrain[pixels + i], 270, 1e-3);
    const double x = 5 * (static_cast<double>(i % 90) + 0.5);
    ASSERT_NEAR(tile.terrain[2 * pixels + i], (x + 150 - 7.5) / 5, 1e-3);
  }
}

TEST(AlignedStack, ADemOfTheSameGridIsTakenAsItIs) {
  const Grid grid = test::utm_grid(60, 70, 5);
  const Grid larger = test::utm_grid(80, 90, 5, 500000 - 50, 5200000 + 25);
  const MemoryRaster dem =
      test::one_band(larger, [](std::int64_t row, std::int64_t col) { return row * 1000 + col; });
  AlignedStack stack = stack_of(coloured(grid), dem, {{}, {{TerrainKind::elevation, 0}}, DemGaps::fill});
  StackTile tile;
  stack.read(grid.window(), tile);
  for (std::int64_t i = 0; i < 60 * 70; ++i)
    ASSERT_EQ(tile.terrain[static_cast<std::size_t>(i)], (i / 70 + 5) * 1000 + i % 70 + 10);
}

TEST(AlignedStack, ADemMuchFinerIsAveragedNotPicked) {
  // Stripes of 0 and 100 m, one DEM pixel each: the mean is 50 wherever two of each fall on a pixel.
  const Grid grid = test::utm_grid(40, 40, 8);
  const MemoryRaster dem = test::one_band(test::utm_grid(160, 160, 2),
                                          [](std::int64_t, std::int64_t col) { return col % 2 * 100; });
  AlignedStack stack = stack_of(coloured(grid), dem, {{}, {{TerrainKind::elevation, 0}}, DemGaps::fill});
  StackTile tile;
  stack.read(grid.window(), tile);
  for (const float z : tile.terrain) ASSERT_EQ(z, 50);
}

TEST(AlignedStack, WindowsBeyondTheGridArePaddedInvalid) {
  const Grid grid = test::utm_grid(20, 20, 5);
  AlignedStack stack =
      stack_of(coloured(grid), test::hilly_dem(test::utm_grid(60, 60, 5, 500000 - 100, 5200000 + 100)),
               {{0}, {{TerrainKind::elevation, 0}}, DemGaps::fill});
  StackTile tile;
  stack.read({-5, -5, 10, 10}, tile);
  for (std::size_t i = 0; i < 100; ++i) {
    const bool inside = i / 10 >= 5 && i % 10 >= 5;
    EXPECT_EQ(tile.terrain_valid[i], inside ? 1 : 0);
    if (inside) continue;
    EXPECT_EQ(tile.valid[i], 0);
    EXPECT_EQ(tile.optical[i], 0);
    EXPECT_EQ(tile.terrain[i], 0);
  }
  stack.read({100, 100, 4, 4}, tile);
  EXPECT_EQ(std::count(tile.valid.begin(), tile.valid.end(), 0), 16);
  EXPECT_EQ(tile.optical, std::vector<float>(16));
}

TEST(AlignedStack, BeyondTheDemTerrainIsUnknown) {
  const Grid grid = test::utm_grid(40, 40, 5);
  const MemoryRaster dem = test::hilly_dem(test::utm_grid(40, 20, 5));
  for (const DemGaps gaps : {DemGaps::fill, DemGaps::mask}) {
    AlignedStack stack = stack_of(coloured(grid), dem, {{0, 1}, {{TerrainKind::slope, 0}}, gaps});
    StackTile tile;
    stack.read(grid.window(), tile);
    for (std::size_t i = 0; i < 1600; ++i) {
      const bool known = i % 40 < 20;
      EXPECT_EQ(tile.terrain_valid[i], known ? 1 : 0);
      if (known) continue;
      EXPECT_EQ(tile.terrain[i], 0);
      EXPECT_EQ(tile.valid[i], gaps == DemGaps::fill && i % 97 != 0 ? 1 : 0);
      if (gaps == DemGaps::fill) continue;
      EXPECT_EQ(tile.optical[1600 + i], 0);
    }
  }
}

TEST(AlignedStack, WhatNodataHoldsChangesNothing) {
  const Grid grid = test::utm_grid(100, 110, 5);
  for (const double degrees : {0.00005, 0.00016}) {
    MemoryRaster dem = dem_in_degrees(grid, degrees);
    MemoryRaster optical = coloured(grid);
    punch_holes(dem, 6, 20);
    const StackOptions options{{0, 1}, some_channels(), DemGaps::fill};
    StackTile before;
    stack_of(optical, dem, options).read(grid.window(), before);
    for (std::size_t i = 0; i < dem.values.size(); ++i) {
      if (dem.valid[i] == 0) dem.values[i] = i % 2 == 0 ? -32768.0F : 1e30F;
    }
    for (std::size_t i = 0; i < optical.valid.size(); ++i) {
      if (optical.valid[i] == 0) optical.values[i] = 12345;
    }
    StackTile after;
    stack_of(optical, dem, options).read(grid.window(), after);
    expect_same_tile(after, before, 2, options.terrain.size());
  }
}

TEST(AlignedStack, OneHoleInTheDemStaysOneHoleAndItsMargin) {
  const Grid grid = test::utm_grid(50, 50, 5);
  MemoryRaster dem = test::hilly_dem(grid);
  const StackOptions options{{}, {{TerrainKind::slope, 0}}, DemGaps::fill};
  StackTile without;
  stack_of(coloured(grid), dem, options).read(grid.window(), without);
  dem.valid.assign(2500, 1);
  dem.valid[25 * 50 + 20] = 0;
  StackTile with;
  stack_of(coloured(grid), dem, options).read(grid.window(), with);
  for (std::int64_t i = 0; i < 2500; ++i) {
    const bool near = std::abs(i / 50 - 25) <= 1 && std::abs(i % 50 - 20) <= 1;
    const auto at = static_cast<std::size_t>(i);
    if (near) continue;
    EXPECT_EQ(with.terrain[at], without.terrain[at]);
    EXPECT_EQ(with.terrain_valid[at], 1);
  }
  EXPECT_EQ(with.terrain_valid[25 * 50 + 20], 0);
  EXPECT_EQ(with.terrain[25 * 50 + 20], 0);
}

TEST(AlignedStack, WithoutTerrainNeedsNeitherDemNorCrs) {
  Grid grid = test::utm_grid(10, 10, 5);
  grid.crs = Crs();
  AlignedStack stack(make_memory_source(coloured(grid)), nullptr, {{1}, {}, DemGaps::mask});
  StackTile tile;
  stack.read(grid.window(), tile);
  EXPECT_EQ(tile.valid[1], 1);
  EXPECT_TRUE(tile.terrain.empty());
  EXPECT_EQ(tile.terrain_valid[1], 0);
  StackTile again;
  stack.reopen().read(grid.window(), again);
  EXPECT_EQ(tile.optical, again.optical);
}

TEST(AlignedStack, RastersThatDoNotFitAreRefused) {
  const Grid grid = test::utm_grid(30, 30, 5);
  const MemoryRaster optical = coloured(grid);
  MemoryRaster dem = test::hilly_dem(grid);
  dem.name = "dem.tif";
  const StackOptions options{{0}, {{TerrainKind::slope, 0}}, DemGaps::fill};
  const auto refused = [&](Fault fault, const std::string& text, const MemoryRaster& image,
                           const MemoryRaster& elevation) {
    test::expect_fault(fault, text, [&] { stack_of(image, elevation, options); });
  };
  MemoryRaster elsewhere = dem;
  elsewhere.grid = test::utm_grid(30, 30, 5, 600000);
  refused(Fault::no_overlap, "the DEM dem.tif covers x 600000..600150", optical, elsewhere);
  MemoryRaster nowhere = dem;
  nowhere.grid.crs = Crs();
  refused(Fault::missing_crs, "dem.tif has no coordinate reference system", optical, nowhere);
  MemoryRaster rotated = optical;
  rotated.grid.geotransform[2] = 1;
  refused(Fault::unsupported_grid, "image.tif is rotated", rotated, dem);
  test::expect_fault(Fault::wrong_bands, "image.tif has 2 bands, but band 3 is needed", [&] {
    stack_of(optical, dem, {{2}, {}, DemGaps::fill});
  });
  test::expect_fault(Fault::bad_argument, "slope need a DEM beside image.tif",
                     [&] { AlignedStack(make_memory_source(optical), nullptr, options); });
  test::expect_fault(Fault::bad_argument, "an empty window", [&] {
    StackTile tile;
    stack_of(optical, dem, options).read({0, 0, 0, 4}, tile);
  });
}

}  // namespace
}  // namespace scarp::geo

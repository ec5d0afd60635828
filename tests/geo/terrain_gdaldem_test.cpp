// SPDX-License-Identifier: Apache-2.0
// Terrain channels against gdaldem with -compute_edges, of which formulas and edge rules are taken.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gdal_utils.h>
#include <gtest/gtest.h>

#include "geo/terrain.h"
#include "tests/support/gdal_files.h"
#include "tests/support/memory_scene.h"
#include "tests/support/test_files.h"

namespace scarp::geo {
namespace {

constexpr float kNodata = -9999;

/// gdaldem's band of floats; hillshade's bytes as floats.
std::vector<float> gdaldem(const std::string& dem, const std::string& processing, const std::string& out) {
  const test::TestDataset source(GDALDataset::Open(dem.c_str()));
  const char* arguments[] = {"-compute_edges", nullptr};
  GDALDEMProcessingOptions* options = GDALDEMProcessingOptionsNew(const_cast<char**>(arguments), nullptr);
  const test::TestDataset made(GDALDataset::FromHandle(
      GDALDEMProcessing(out.c_str(), source.get(), processing.c_str(), nullptr, options, nullptr)));
  GDALDEMProcessingOptionsFree(options);
  if (!made) throw std::runtime_error("gdaldem failed");
  std::vector<float> values(static_cast<std::size_t>(made->GetRasterXSize()) *
                            static_cast<std::size_t>(made->GetRasterYSize()));
  if (made->GetRasterBand(1)->RasterIO(GF_Read, 0, 0, made->GetRasterXSize(), made->GetRasterYSize(),
                                       values.data(), made->GetRasterXSize(), made->GetRasterYSize(),
                                       GDT_Float32, 0, 0, nullptr) != CE_None) {
    throw std::runtime_error("gdaldem's answer cannot be read");
  }
  return values;
}

struct Derived {
  std::vector<float> slope, aspect, hillshade;
  std::vector<std::uint8_t> valid;
};

Derived derive_all(const MemoryRaster& dem) {
  const Window window = dem.grid.window();
  const auto count = static_cast<std::size_t>(window.pixels());
  std::vector<float> out(3 * count);
  Derived derived;
  derived.valid.resize(count);
  const std::vector<TerrainChannel> channels = {
      {TerrainKind::slope, 0}, {TerrainKind::aspect, 0}, {TerrainKind::hillshade, 0}};
  const Grid::PixelSize pixel = dem.grid.pixel_size();
  derive_terrain({window, dem.values, dem.valid, pixel.x_m, pixel.y_m, window}, window, channels, out,
                 derived.valid);
  const auto plane = [&](std::size_t i) {
    return std::vector<float>(out.begin() + static_cast<std::ptrdiff_t>(i * count),
                              out.begin() + static_cast<std::ptrdiff_t>((i + 1) * count));
  };
  derived.slope = plane(0);
  derived.aspect = plane(1);
  derived.hillshade = plane(2);
  return derived;
}

/// @param degrees  what two float computations may differ by; gdaldem adds four elevations before it
/// subtracts
void expect_as_gdaldem(const MemoryRaster& dem, double degrees) {
  const test::TempFolder folder;
  const std::string path = folder.file("dem.tif");
  test::save_raster(path, dem, kNodata);
  const std::vector<float> slope = gdaldem(path, "slope", folder.file("slope.tif"));
  const std::vector<float> aspect = gdaldem(path, "aspect", folder.file("aspect.tif"));
  const std::vector<float> shade = gdaldem(path, "hillshade", folder.file("shade.tif"));
  const Derived derived = derive_all(dem);
  std::size_t other_shade = 0;
  std::size_t valid = 0;
  double worst_slope = 0;
  double worst_aspect = 0;
  for (std::size_t i = 0; i < slope.size(); ++i) {
    ASSERT_EQ(derived.valid[i] != 0, slope[i] != kNodata) << i;
    if (derived.valid[i] == 0) continue;
    ++valid;
    worst_slope = std::max<double>(worst_slope, std::abs(derived.slope[i] - slope[i]));
    ASSERT_EQ(std::isnan(derived.aspect[i]), aspect[i] == kNodata) << i;
    if (!std::isnan(derived.aspect[i])) {
      const double apart = std::abs(derived.aspect[i] - aspect[i]);
      // A direction is as sure as the ground is steep.
      worst_aspect = std::max(worst_aspect, std::min(apart, 360 - apart) * std::sin(slope[i] / 57.29577951));
    }
    ASSERT_LE(std::abs(derived.hillshade[i] - shade[i]), 1) << i;
    other_shade += derived.hillshade[i] != shade[i] ? 1 : 0;
  }
  EXPECT_GT(valid, slope.size() / 10);
  EXPECT_LT(worst_slope, degrees);
  EXPECT_LT(worst_aspect, degrees);
  // A value on the border between two integers may be rounded either way.
  EXPECT_LT(other_shade, 1 + valid / 2000);
}

MemoryRaster window_of_file(const std::string& path, const Window& window) {
  const auto source = open_raster(path);
  const test::ReadBack back = test::read_window(*source, window, {0});
  MemoryRaster raster;
  raster.grid = source->grid().cropped(window);
  raster.bands = {{PixelType::f32, "", std::nullopt}};
  raster.values = back.values;
  raster.valid = back.valid;
  return raster;
}

/// Elevations on sixteenths of a metre, so that gdaldem's float sums are exact.
MemoryRaster stepped_dem(std::int64_t rows, std::int64_t cols) {
  MemoryRaster dem = test::hilly_dem(test::utm_grid(rows, cols, 4));
  for (float& z : dem.values) z = std::round(z * 16) / 16;
  dem.valid.assign(dem.values.size(), 1);
  return dem;
}

TEST(TerrainAsGdaldem, OnAWholeRasterWithItsEdges) {
  expect_as_gdaldem(stepped_dem(60, 83), 1e-4);
}

TEST(TerrainAsGdaldem, AtHolesAndWhereHolesMeetEdges) {
  MemoryRaster dem = stepped_dem(60, 83);
  std::mt19937 random(12);
  for (std::uint8_t& valid : dem.valid) valid = random() % 8 == 0 ? 0 : 1;
  for (std::size_t i = 0; i < 30; ++i) dem.valid[i] = 0;
  for (std::size_t i = 20; i < 40; ++i) dem.valid[i * 83] = dem.valid[i * 83 + 82] = 0;
  expect_as_gdaldem(dem, 1e-4);
}

TEST(TerrainAsGdaldem, OnStepsWithFlatGround) {
  MemoryRaster dem = stepped_dem(50, 50);
  for (float& z : dem.values) z = std::round(z / 40) * 8;
  expect_as_gdaldem(dem, 1e-4);
}

TEST(TerrainAsGdaldem, OnRealMountains) {
  SCARP_REAL_DATA(path, "earth/kashmir/AW3D30.tif");
  expect_as_gdaldem(window_of_file(path, open_raster(path)->grid().window()), 1e-3);
}

TEST(TerrainAsGdaldem, OnMars) {
  SCARP_REAL_DATA(path, "mars/valles_dem.tif");
  // Holds a border between ground that is known and ground that is not.
  expect_as_gdaldem(window_of_file(path, {700, 2000, 900, 1100}), 1e-3);
}

}  // namespace
}  // namespace scarp::geo

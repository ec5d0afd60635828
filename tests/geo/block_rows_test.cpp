// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "geo/block_rows_gdal.h"
#include "tests/support/gdal_files.h"
#include "tests/support/memory_scene.h"
#include "tests/support/test_files.h"

namespace scarp::geo {
namespace {

using Pixels = std::vector<std::uint16_t>;
constexpr std::int64_t kRows = 75;
constexpr std::int64_t kCols = 83;

Pixels counted_pixels() {
  Pixels pixels(static_cast<std::size_t>(kRows * kCols));
  std::iota(pixels.begin(), pixels.end(), std::uint16_t{1});
  return pixels;
}

test::TestDataset saved(const std::string& path, int bands, const std::vector<const char*>& options) {
  test::TestDataset dataset =
      test::create_raster(path, test::utm_grid(kRows, kCols, 1), bands, GDT_UInt16, options);
  const Pixels pixels = counted_pixels();
  test::write_band(*dataset, 1, {pixels.begin(), pixels.end()});
  dataset.reset();
  return test::TestDataset(GDALDataset::Open(path.c_str()));
}

/// All rows in steps of some.
Pixels read_all(BlockRows& blocks, std::int64_t step) {
  Pixels pixels(static_cast<std::size_t>(kRows * kCols));
  for (std::int64_t row = 0; row < kRows; row += step) {
    auto* place = reinterpret_cast<std::byte*>(pixels.data() + row * kCols);
    EXPECT_TRUE(blocks.read(row, std::min(step, kRows - row), place));
  }
  return pixels;
}

TEST(BlockRows, AreThePixelsWhateverTheBlocksAndTheSteps) {
  const test::TempFolder folder;
  const std::vector<std::vector<const char*>> layouts = {
      {"TILED=YES", "BLOCKXSIZE=32", "BLOCKYSIZE=16", "COMPRESS=DEFLATE"},
      {"BLOCKYSIZE=1"},
      {"BLOCKYSIZE=7", "COMPRESS=LZW"},
      {"BLOCKYSIZE=75"}};
  for (const auto& layout : layouts) {
    const test::TestDataset file = saved(folder.file("blocks.tif"), 1, layout);
    BlockRows blocks(*file->GetRasterBand(1));
    for (const std::int64_t step : {1, 5, 16, 32, 75}) {
      EXPECT_EQ(read_all(blocks, step), counted_pixels()) << layout.front() << ", steps of " << step;
    }
  }
}

TEST(BlockRows, ComeInAnyOrder) {
  const test::TempFolder folder;
  const test::TestDataset file =
      saved(folder.file("t.tif"), 1, {"TILED=YES", "BLOCKXSIZE=32", "BLOCKYSIZE=16"});
  BlockRows blocks(*file->GetRasterBand(1));
  const Pixels expected = counted_pixels();
  Pixels row(static_cast<std::size_t>(kCols));
  for (const std::int64_t i : {70, 3, 4, 40, 3}) {
    ASSERT_TRUE(blocks.read(i, 1, reinterpret_cast<std::byte*>(row.data())));
    EXPECT_TRUE(std::equal(row.begin(), row.end(), expected.begin() + i * kCols)) << "row " << i;
  }
}

TEST(BlockRows, ADamagedBlockIsToldAndReadAgainNextTime) {
  const test::TempFolder folder;
  const std::string path = folder.file("t.tif");
  saved(path, 1, {"BLOCKYSIZE=25"});
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 100);
  const test::TestDataset file(GDALDataset::Open(path.c_str()));
  BlockRows blocks(*file->GetRasterBand(1));
  Pixels rows(static_cast<std::size_t>(kRows * kCols));
  auto* bytes = reinterpret_cast<std::byte*>(rows.data());
  EXPECT_TRUE(blocks.read(0, 50, bytes));
  EXPECT_FALSE(blocks.read(60, 1, bytes));
  EXPECT_FALSE(blocks.read(60, 1, bytes));
  EXPECT_TRUE(blocks.read(49, 1, bytes));
}

TEST(BlockRows, SuitSingleBandsOfLocalGeoTiffs) {
  const test::TempFolder folder;
  const std::string single = folder.file("one.tif");
  const std::string image = folder.file("three.tif");
  EXPECT_TRUE(BlockRows::suits(single, *saved(single, 1, {"TILED=YES"})));
  EXPECT_FALSE(BlockRows::suits(image, *saved(image, 3, {})));
  EXPECT_FALSE(BlockRows::suits("/vsicurl/https://example.org/one.tif", *saved(single, 1, {})));
}

}  // namespace
}  // namespace scarp::geo

// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <filesystem>
#include <numeric>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "geo/raster_writer_gdal.h"
#include "tests/support/gdal_files.h"
#include "tests/support/memory_scene.h"
#include "tests/support/test_files.h"

namespace scarp::geo {
namespace {

RasterWriterOptions floats(int bands, const std::string& driver) {
  RasterWriterOptions options;
  options.type = PixelType::f32;
  for (int i = 0; i < bands; ++i) options.band_names.push_back("band " + std::to_string(i));
  options.nodata = -9999;
  options.driver = driver;
  return options;
}

RasterWriterOptions classes(const std::string& driver) {
  RasterWriterOptions options;
  options.band_names = {"class"};
  options.nodata = 255;
  options.driver = driver;
  options.categories = {{0, "background", {10, 20, 30}}, {1, "landslide", {200, 100, 0}}};
  return options;
}

std::vector<float> ramp(std::size_t count) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), 0.25F);
  return values;
}

class RasterWriterOf : public testing::TestWithParam<const char*> {};

TEST_P(RasterWriterOf, WhatIsWrittenInPiecesIsReadBack) {
  const test::TempFolder folder;
  const std::string path = folder.file("a.tif");
  const Grid grid = test::utm_grid(1100, 37, 2);
  const auto count = static_cast<std::size_t>(grid.window().pixels());
  const std::vector<float> first = ramp(count);
  RasterWriterOptions options = floats(2, GetParam());
  options.metadata = {{"SCARP_MODEL", "abc"}};
  options.scale = 0.5;
  options.offset = 3;
  RasterWriter writer(path, grid, options);
  EXPECT_EQ(writer.path(), path);
  for (std::int64_t row = 0; row < 1100;) {
    const std::int64_t rows = std::min<std::int64_t>(1100 - row, 1 + row % 301);
    std::vector<float> piece(first.begin() + row * 37, first.begin() + (row + rows) * 37);
    piece.resize(2 * piece.size());
    for (std::size_t i = 0; i < piece.size() / 2; ++i) piece[piece.size() / 2 + i] = -piece[i];
    writer.write_rows<float>(piece, rows);
    row += rows;
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  writer.finish();

  const auto source = open_raster(path);
  EXPECT_EQ(source->grid(), grid);
  ASSERT_EQ(source->bands().size(), 2);
  EXPECT_EQ(source->bands()[1].description, "band 1");
  EXPECT_EQ(source->bands()[1].nodata, -9999);
  const test::ReadBack back = test::read_window(*source, grid.window(), {0, 1});
  for (std::size_t i = 0; i < count; ++i) {
    ASSERT_EQ(back.values[i], first[i]);
    ASSERT_EQ(back.values[count + i], -first[i]);
  }
  const test::TestDataset dataset(GDALDataset::Open(path.c_str()));
  EXPECT_STREQ(dataset->GetMetadataItem("SCARP_MODEL"), "abc");
  EXPECT_EQ(dataset->GetRasterBand(2)->GetScale(), 0.5);
  EXPECT_EQ(dataset->GetRasterBand(2)->GetOffset(), 3);
  int block_x = 0;
  int block_y = 0;
  dataset->GetRasterBand(1)->GetBlockSize(&block_x, &block_y);
  EXPECT_EQ(block_x, 512);
  EXPECT_EQ(block_y, 512);
}

TEST_P(RasterWriterOf, ClassesKeepNamesColoursAndWholeNumbers) {
  const test::TempFolder folder;
  const std::string path = folder.file("classes.tif");
  const Grid grid = test::utm_grid(1030, 1030, 2);
  std::vector<std::uint8_t> values(static_cast<std::size_t>(grid.window().pixels()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = (i / 1030 + i % 1030) % 3 == 0 ? 1 : 0;
  RasterWriter writer(path, grid, classes(GetParam()));
  writer.write_rows<std::uint8_t>(values, grid.rows);
  writer.finish();
  const test::TestDataset dataset(GDALDataset::Open(path.c_str()));
  dataset->GetMetadata();  // GDAL reads side files only when asked for something of this kind
  GDALRasterBand& band = *dataset->GetRasterBand(1);
  ASSERT_NE(band.GetCategoryNames(), nullptr);
  EXPECT_STREQ(band.GetCategoryNames()[1], "landslide");
  ASSERT_NE(band.GetColorTable(), nullptr);
  EXPECT_EQ(band.GetColorTable()->GetColorEntry(1)->c1, 200);
  const bool cog = std::string(GetParam()) == "COG";
  EXPECT_EQ(band.GetOverviewCount() > 0, cog);
  if (!cog) return;
  GDALRasterBand& overview = *band.GetOverview(0);
  std::vector<std::uint8_t> small(static_cast<std::size_t>(overview.GetXSize()) *
                                  static_cast<std::size_t>(overview.GetYSize()));
  ASSERT_EQ(overview.RasterIO(GF_Read, 0, 0, overview.GetXSize(), overview.GetYSize(), small.data(),
                              overview.GetXSize(), overview.GetYSize(), GDT_Byte, 0, 0, nullptr),
            CE_None);
  EXPECT_EQ(*std::max_element(small.begin(), small.end()), 1);
  EXPECT_STREQ(dataset->GetMetadataItem("LAYOUT", "IMAGE_STRUCTURE"), "COG");
}

TEST_P(RasterWriterOf, NothingIsLeftOfAFileThatIsNotFinished) {
  const test::TempFolder folder;
  const Grid grid = test::utm_grid(600, 600, 2);
  {
    RasterWriter writer(folder.file("a.tif"), grid, classes(GetParam()));
    writer.write_rows<std::uint8_t>(std::vector<std::uint8_t>(600 * 550), 550);
    EXPECT_GT(folder.entries(), 0);
  }
  EXPECT_EQ(folder.entries(), 0);
}

TEST_P(RasterWriterOf, OnlyTheFileAndItsSideFileRemain) {
  const test::TempFolder folder;
  RasterWriter writer(folder.file("a.tif"), test::utm_grid(20, 20, 2), classes(GetParam()));
  writer.write_rows<std::uint8_t>(std::vector<std::uint8_t>(400), 20);
  writer.finish();
  EXPECT_TRUE(std::filesystem::exists(folder.file("a.tif")));
  EXPECT_TRUE(std::filesystem::exists(folder.file("a.tif.aux.xml")));
  EXPECT_EQ(folder.entries(), 2);
}

TEST_P(RasterWriterOf, CreationOptionsReachTheFile) {
  const test::TempFolder folder;
  RasterWriterOptions options = floats(1, GetParam());
  options.creation = {"COMPRESS=LZW"};
  RasterWriter writer(folder.file("a.tif"), test::utm_grid(20, 20, 2), options);
  writer.write_rows<float>(ramp(400), 20);
  writer.finish();
  const test::TestDataset dataset(GDALDataset::Open(folder.file("a.tif").c_str()));
  EXPECT_STREQ(dataset->GetMetadataItem("COMPRESSION", "IMAGE_STRUCTURE"), "LZW");
}

/// A limit on the size of files stands for a full disk. In a process of its own: the limit cannot be taken
/// back.
TEST_P(RasterWriterOf, AFullDiskIsToldAsSuchAndLeavesNothing) {
  const test::TempFolder folder;
  const std::string path = folder.file("a.tif");
  const auto fill_disk = [&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {1 << 20, 1 << 20};
    setrlimit(RLIMIT_FSIZE, &limit);
    int code = 1;
    try {
      RasterWriterOptions options = floats(1, GetParam());
      options.creation = {"COMPRESS=NONE"};
      RasterWriter writer(path, test::utm_grid(1024, 1024, 1), options);
      std::mt19937 random(1);
      std::vector<float> noise(1024 * 1024);
      for (float& value : noise) value = static_cast<float>(random());
      writer.write_rows<float>(noise, 1024);
      writer.finish();
      code = 2;
    } catch (const Error& error) {
      code = error.fault() == Fault::out_of_space ? 0 : 3;
      if (code == 3) std::fprintf(stderr, "%s\n", error.what());
    }
    _exit(code);
  };
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(fill_disk(), testing::ExitedWithCode(0), "");
  EXPECT_EQ(folder.entries(), 0);
}

INSTANTIATE_TEST_SUITE_P(Formats, RasterWriterOf, testing::Values("COG", "GTiff"));

TEST(RasterWriter, AnExistingFileIsKeptUnlessOverwritingIsAsked) {
  const test::TempFolder folder;
  const std::string path = folder.file("a.tif");
  test::write_text(path, "old");
  test::write_text(path + ".aux.xml", "old");
  const Grid grid = test::utm_grid(4, 4, 1);
  test::expect_fault(Fault::already_exists, "a.tif exists already",
                     [&] { RasterWriter(path, grid, floats(1, "GTiff")); });
  EXPECT_EQ(std::filesystem::file_size(path), 3);
  RasterWriterOptions options = floats(1, "GTiff");
  options.overwrite = true;
  RasterWriter writer(path, grid, options);
  writer.write_rows<float>(ramp(16), 4);
  EXPECT_EQ(std::filesystem::file_size(path), 3);
  writer.finish();
  EXPECT_EQ(test::read_window(*open_raster(path), grid.window(), {0}).values, ramp(16));
  EXPECT_FALSE(std::filesystem::exists(path + ".aux.xml"));
}

TEST(RasterWriter, PlacesThatCannotBeWrittenAreRefusedEarly) {
  const test::TempFolder folder;
  test::expect_fault(Fault::unwritable, "there is no folder",
                     [&] { require_writable(folder.file("none/a.tif"), false); });
  std::filesystem::create_directory(folder.file("sub"));
  test::expect_fault(Fault::unwritable, "is a folder", [&] { require_writable(folder.file("sub"), true); });
  test::expect_fault(Fault::bad_argument, "needs a file name", [] { require_writable("", true); });
  EXPECT_NO_THROW(require_writable(folder.file("a.tif"), false));
  if (geteuid() == 0) return;  // root may write anywhere
  std::filesystem::permissions(folder.file("sub"),
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  test::expect_fault(Fault::unwritable, "is not writable",
                     [&] { require_writable(folder.file("sub/a.tif"), false); });
}

TEST(RasterWriter, OptionsThatContradictAreRefused) {
  const test::TempFolder folder;
  const Grid grid = test::utm_grid(4, 4, 1);
  const auto refused = [&](const std::string& text, const RasterWriterOptions& options) {
    test::expect_fault(Fault::bad_argument, text, [&] { RasterWriter(folder.file("a.tif"), grid, options); });
  };
  refused("it has no bands", floats(0, "COG"));
  refused("the format \"PNG\" is not one of", floats(1, "PNG"));
  RasterWriterOptions options = floats(1, "COG");
  options.creation = {"COMPRESS"};
  refused("\"COMPRESS\" is not KEY=VALUE", options);
  options.creation = {"COLOUR=RED"};
  refused("does not know one of the creation options", options);
  options = classes("COG");
  options.type = PixelType::f32;
  refused("categories need one band of u8, not 1 of f32", options);
  options = classes("COG");
  options.categories.push_back({256, "too far", {}});
  refused("\"too far\" has the value 256", options);
  options = floats(1, "GTiff");
  options.type = PixelType::i8;
  refused("type i8 cannot be written", options);
  EXPECT_EQ(folder.entries(), 0);
}

TEST(RasterWriter, RowsThatDoNotFitAreRefused) {
  const test::TempFolder folder;
  RasterWriter writer(folder.file("a.tif"), test::utm_grid(4, 4, 1), floats(1, "GTiff"));
  test::expect_fault(Fault::bad_argument, "holds f32, but rows of u8 came",
                     [&] { writer.write_rows<std::uint8_t>(std::vector<std::uint8_t>(4), 1); });
  test::expect_fault(Fault::bad_argument, "2 rows with 4 values do not fit; 4 rows of 4 values are left",
                     [&] { writer.write_rows<float>(ramp(4), 2); });
  test::expect_fault(Fault::bad_argument, "5 rows", [&] { writer.write_rows<float>(ramp(20), 5); });
  writer.write_rows<float>(ramp(12), 3);
  test::expect_fault(Fault::bad_argument, "3 of 4 rows were written", [&] { writer.finish(); });
}

TEST(RasterWriter, WritesToVirtualPathsToo) {
  const Grid grid = test::utm_grid(4, 4, 1);
  RasterWriter writer("/vsimem/scarp-writer-test.tif", grid, floats(1, "COG"));
  writer.write_rows<float>(ramp(16), 4);
  writer.finish();
  EXPECT_EQ(test::read_window(*open_raster("/vsimem/scarp-writer-test.tif"), grid.window(), {0}).values,
            ramp(16));
  VSIUnlink("/vsimem/scarp-writer-test.tif");
}

}  // namespace
}  // namespace scarp::geo

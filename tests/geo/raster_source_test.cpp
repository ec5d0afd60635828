// SPDX-License-Identifier: Apache-2.0
#include "geo/raster_source.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/gdal_files.h"
#include "tests/support/memory_scene.h"
#include "tests/support/test_files.h"

namespace scarp::geo {
namespace {

using Flags = std::vector<std::uint8_t>;

TEST(MemorySource, GivesWindowsOfBandsInAnyOrder) {
  MemoryRaster raster;
  raster.grid = test::utm_grid(2, 3, 1);
  raster.bands.resize(2);
  raster.values = {1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60};
  const auto source = make_memory_source(raster);
  const test::ReadBack back = test::read_window(*source, {0, 1, 2, 2}, {1, 0});
  EXPECT_EQ(back.values, (std::vector<float>{20, 30, 50, 60, 2, 3, 5, 6}));
  EXPECT_EQ(back.valid, (Flags{1, 1, 1, 1}));
  EXPECT_EQ(test::read_window(*source->reopen(), {1, 0, 1, 1}, {0}).values, std::vector<float>{4});
}

TEST(MemorySource, RefusesBuffersThatDoNotFit) {
  MemoryRaster raster;
  raster.grid = test::utm_grid(2, 3, 1);
  raster.bands.resize(1);
  raster.values = {1, 2};
  test::expect_fault(Fault::bad_argument, "6 pixels holds 2 values", [&] { make_memory_source(raster); });
}

TEST(RasterSource, WindowsAndBandsOutsideAreRefused) {
  const auto source = make_memory_source(test::hilly_dem(test::utm_grid(4, 5, 1)));
  test::expect_fault(Fault::bad_argument, "are not inside memory (4 rows, 5 columns)", [&] {
    test::read_window(*source, {0, 0, 5, 5}, {0});
  });
  test::expect_fault(Fault::bad_argument, "are not inside", [&] {
    test::read_window(*source, {0, 0, 0, 0}, {0});
  });
  test::expect_fault(Fault::wrong_bands, "has 1 bands; band 2", [&] {
    test::read_window(*source, {0, 0, 1, 1}, {1});
  });
  std::vector<float> values(3);
  Flags valid(4);
  test::expect_fault(Fault::bad_argument, "hold 3 values", [&] {
    source->read({0, 0, 2, 2}, std::vector<int>{0}, values, valid);
  });
}

TEST(PixelType, HasAName) {
  EXPECT_EQ(to_string(PixelType::u8), "u8");
  EXPECT_EQ(to_string(PixelType::f64), "f64");
}

TEST(GdalSource, ReadsGridBandsNodataAndNames) {
  const test::TempFolder folder;
  const std::string path = folder.file("a.tif");
  const Grid grid = test::utm_grid(2, 3, 10);
  {
    const auto dataset = test::create_raster(path, grid, 2, GDT_Int16);
    dataset->GetRasterBand(1)->SetDescription("red");
    dataset->GetRasterBand(1)->SetNoDataValue(-5);
    test::write_band(*dataset, 1, {1, -5, 3, 4, 5, 6});
    test::write_band(*dataset, 2, {-5, 8, 9, 10, 11, 12});
  }
  const auto source = open_raster(path);
  EXPECT_EQ(source->grid(), grid);
  EXPECT_EQ(source->name(), path);
  ASSERT_EQ(source->bands().size(), 2);
  EXPECT_EQ(source->bands()[0].description, "red");
  EXPECT_EQ(source->bands()[0].type, PixelType::i16);
  EXPECT_EQ(source->bands()[0].nodata, -5);
  // Valid only where every band that is asked for is.
  EXPECT_EQ(test::read_window(*source, grid.window(), {0}).valid, (Flags{1, 0, 1, 1, 1, 1}));
  EXPECT_EQ(test::read_window(*source, grid.window(), {0, 1}).valid, (Flags{0, 0, 1, 1, 1, 1}));
  const test::ReadBack corner = test::read_window(*source->reopen(), {1, 1, 1, 2}, {1, 0});
  EXPECT_EQ(corner.values, (std::vector<float>{11, 12, 5, 6}));
}

TEST(GdalSource, NotANumberAndInfinityAreNoData) {
  const test::TempFolder folder;
  const std::string path = folder.file("a.tif");
  const float infinite = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  {
    const auto dataset = test::create_raster(path, test::utm_grid(1, 5, 10), 1, GDT_Float32);
    dataset->GetRasterBand(1)->SetNoDataValue(-3.4028234663852886e+38);
    test::write_band(*dataset, 1, {1, nan, infinite, -infinite, -3.4028234663852886e+38F});
  }
  EXPECT_EQ(test::read_window(*open_raster(path), {0, 0, 1, 5}, {0}).valid, (Flags{1, 0, 0, 0, 0}));
}

TEST(GdalSource, NodataBeyondFloatIsFoundInDoubles) {
  const test::TempFolder folder;
  const std::string path = folder.file("a.tif");
  {
    const auto dataset = test::create_raster(path, test::utm_grid(1, 2, 10), 1, GDT_Float64);
    dataset->GetRasterBand(1)->SetNoDataValue(-1.7976931348623157e+308);
    std::vector<double> values = {-1.7976931348623157e+308, 7};
    ASSERT_EQ(dataset->GetRasterBand(1)->RasterIO(GF_Write, 0, 0, 2, 1, values.data(), 2, 1, GDT_Float64, 0,
                                                  0, nullptr),
              CE_None);
  }
  const auto source = open_raster(path);
  EXPECT_EQ(source->bands()[0].type, PixelType::f64);
  EXPECT_EQ(test::read_window(*source, {0, 0, 1, 2}, {0}).valid, (Flags{0, 1}));
}

TEST(GdalSource, AlphaIsNoBandButSaysWhatIsValid) {
  const test::TempFolder folder;
  const std::string path = folder.file("a.tif");
  {
    const auto dataset =
        test::create_raster(path, test::utm_grid(1, 3, 10), 4, GDT_UInt16, {"ALPHA=YES", "PHOTOMETRIC=RGB"});
    for (int band = 1; band <= 3; ++band) test::write_band(*dataset, band, {0, 1000, 2000});
    test::write_band(*dataset, 4, {1, 0, 65535});
  }
  const auto source = open_raster(path);
  ASSERT_EQ(source->bands().size(), 3);
  const test::ReadBack back = test::read_window(*source, {0, 0, 1, 3}, {2});
  EXPECT_EQ(back.valid, (Flags{1, 0, 1}));
  EXPECT_EQ(back.values[0], 0);
}

TEST(GdalSource, AnInternalMaskSaysWhatIsValidAndBlackIsData) {
  const test::TempFolder folder;
  const std::string path = folder.file("a.tif");
  set_up_gdal();
  CPLSetThreadLocalConfigOption("GDAL_TIFF_INTERNAL_MASK", "YES");
  {
    const auto dataset = test::create_raster(path, test::utm_grid(1, 4, 10), 1, GDT_Byte);
    test::write_band(*dataset, 1, {0, 0, 5, 6});
    dataset->CreateMaskBand(GMF_PER_DATASET);
    std::vector<std::uint8_t> mask = {255, 0, 0, 255};
    ASSERT_EQ(dataset->GetRasterBand(1)->GetMaskBand()->RasterIO(GF_Write, 0, 0, 4, 1, mask.data(), 4, 1,
                                                                 GDT_Byte, 0, 0, nullptr),
              CE_None);
  }
  CPLSetThreadLocalConfigOption("GDAL_TIFF_INTERNAL_MASK", nullptr);
  EXPECT_EQ(test::read_window(*open_raster(path), {0, 0, 1, 4}, {0}).valid, (Flags{1, 0, 0, 1}));
}

TEST(GdalSource, TheMaskOfMarsIsTheFilesOwn) {
  SCARP_REAL_DATA(path, "mars/valles_hrsi.tif");
  const auto source = open_raster(path);
  const Window window = source->grid().window();
  ASSERT_EQ(source->bands().size(), 3);
  EXPECT_FALSE(source->bands()[0].nodata);
  std::int64_t valid = 0;
  for (std::int64_t row = 0; row < window.rows; row += 867) {
    const Window strip = intersection({row, 0, 867, window.cols}, window);
    const test::ReadBack back = test::read_window(*source, strip, {0, 1, 2});
    valid += std::count(back.valid.begin(), back.valid.end(), 1);
  }
  // The mean of the mask band by gdalinfo -stats.
  EXPECT_NEAR(static_cast<double>(valid) / static_cast<double>(window.pixels()), 73.727826201218 / 255, 1e-9);
}

TEST(GdalSource, AFileWithoutGeoreferenceIsNotMappable) {
  const test::TempFolder folder;
  const std::string path = folder.file("a.tif");
  set_up_gdal();
  GDALDriver* driver = GetGDALDriverManager()->GetDriverByName("GTiff");
  test::TestDataset(driver->Create(path.c_str(), 3, 2, 1, GDT_Byte, nullptr)).reset();
  const auto source = open_raster(path);
  EXPECT_FALSE(source->grid().crs.known());
  EXPECT_FALSE(source->grid().north_up());
}

TEST(GdalSource, AMissingFileAndAFolderAreToldApart) {
  const test::TempFolder folder;
  test::expect_fault(Fault::missing_file, "there is no such file",
                     [&] { open_raster(folder.file("none.tif")); });
  test::expect_fault(Fault::unreadable, "is a folder", [&] { open_raster(folder.path().string()); });
}

TEST(GdalSource, TextIsNotARaster) {
  const test::TempFolder folder;
  test::write_text(folder.file("a.tif"), "these are words\n");
  test::expect_fault(Fault::unreadable, "a.tif is not a raster", [&] { open_raster(folder.file("a.tif")); });
}

TEST(GdalSource, AVectorFileIsNotARaster) {
  const test::TempFolder folder;
  test::write_text(folder.file("a.geojson"), R"({"type":"FeatureCollection","features":[]})");
  test::expect_fault(Fault::unreadable, "a.geojson is not a raster",
                     [&] { open_raster(folder.file("a.geojson")); });
}

TEST(GdalSource, ComplexPixelsAreRefused) {
  const test::TempFolder folder;
  test::create_raster(folder.file("a.tif"), test::utm_grid(2, 2, 1), 1, GDT_CFloat32).reset();
  test::expect_fault(Fault::unreadable, "complex numbers", [&] { open_raster(folder.file("a.tif")); });
}

TEST(GdalSource, ATruncatedFileIsReadUpToTheDamageAndThenRefused) {
  const test::TempFolder folder;
  const std::string path = folder.file("a.tif");
  const Grid grid = test::utm_grid(256, 256, 1);
  {
    const auto dataset =
        test::create_raster(path, grid, 1, GDT_Float32, {"TILED=YES", "BLOCKXSIZE=64", "BLOCKYSIZE=64"});
    test::write_band(*dataset, 1, test::hilly_dem(grid).values);
  }
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  const auto source = open_raster(path);
  EXPECT_EQ(test::read_window(*source, {0, 0, 64, 64}, {0}).valid.front(), 1);
  test::expect_fault(Fault::unreadable, "seems truncated or damaged", [&] {
    test::read_window(*source, {192, 192, 64, 64}, {0});
  });
  std::filesystem::resize_file(path, 40);
  test::expect_fault(Fault::unreadable, "is not a raster", [&] { open_raster(path); });
}

TEST(GdalSource, CodeInsideAVrtFileIsNeverRun) {
  const test::TempFolder folder;
  test::create_raster(folder.file("a.tif"), test::utm_grid(2, 2, 1), 1, GDT_Byte).reset();
  test::write_text(folder.file("a.vrt"), R"(<VRTDataset rasterXSize="2" rasterYSize="2">
    <VRTRasterBand dataType="Byte" band="1" subClass="VRTDerivedRasterBand"><PixelFunctionType>f</PixelFunctionType>
    <PixelFunctionLanguage>Python</PixelFunctionLanguage><PixelFunctionCode><![CDATA[
def f(in_ar, out_ar, *args, **kwargs):
    out_ar[:] = 7
]]></PixelFunctionCode><SimpleSource><SourceFilename>)" +
                                             folder.file("a.tif") + R"(</SourceFilename></SimpleSource>
    </VRTRasterBand></VRTDataset>)");
  test::expect_fault(Fault::unreadable, "Python", [&] {
    test::read_window(*open_raster(folder.file("a.vrt")), {0, 0, 2, 2}, {0});
  });
  test::expect_fault(Fault::bad_argument, "never run",
                     [] { set_gdal_option("GDAL_VRT_ENABLE_PYTHON", "YES"); });
}

TEST(GdalSetUp, TellsItsVersions) {
  set_gdal_option("SCARP_TEST_OPTION", "1");
  EXPECT_STREQ(CPLGetConfigOption("SCARP_TEST_OPTION", ""), "1");
  EXPECT_EQ(gdal_version().substr(0, 2), "3.");
  EXPECT_FALSE(proj_version().empty());
}

}  // namespace
}  // namespace scarp::geo

// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <vector>

#include <gtest/gtest.h>

#include "geo/picture_gdal.h"
#include "tests/support/gdal_files.h"
#include "tests/support/memory_scene.h"
#include "tests/support/test_files.h"

namespace scarp::geo {
namespace {

const Picture kTwoPixels = {1, 2, {255, 0, 10, 1, 2, 3}};

TEST(Picture, IsAPngFileThatHoldsItsColours) {
  const test::TempFolder folder;
  write_png(folder.file("a.png"), kTwoPixels);
  EXPECT_EQ(folder.entries(), 1);
  const auto source = open_raster(folder.file("a.png"));
  EXPECT_EQ(test::read_window(*source, {0, 0, 1, 2}, {0, 1, 2}).values,
            (std::vector<float>{255, 1, 0, 2, 10, 3}));
}

TEST(Picture, BytesAreThoseOfTheFile) {
  const test::TempFolder folder;
  write_png(folder.file("a.png"), kTwoPixels);
  const std::vector<std::uint8_t> bytes = encode_png(kTwoPixels);
  ASSERT_GT(bytes.size(), 8);
  EXPECT_EQ(std::string(bytes.begin() + 1, bytes.begin() + 4), "PNG");
  EXPECT_EQ(bytes.size(), std::filesystem::file_size(folder.file("a.png")));
}

TEST(Picture, SizesThatDoNotFitAndFoldersThatAreNotThereAreRefused) {
  const test::TempFolder folder;
  test::expect_fault(Fault::bad_argument, "2 x 2 pixels cannot have 6 bytes", [] {
    encode_png({2, 2, {1, 2, 3, 4, 5, 6}});
  });
  test::expect_fault(Fault::bad_argument, "0 x 0 pixels", [] { encode_png({}); });
  test::expect_fault(Fault::unwritable, "there is no folder",
                     [&] { write_png(folder.file("none/a.png"), kTwoPixels); });
}

}  // namespace
}  // namespace scarp::geo

// SPDX-License-Identifier: Apache-2.0
#include "pipelines/pages/map_picture.h"

#include <gtest/gtest.h>

#include "geo/error.h"
#include "geo/raster_source_memory.h"
#include "pipelines/error.h"
#include "tests/support/evaluate_files.h"

namespace scarp::pipelines {
namespace {

using Pixel = std::vector<int>;

Pixel pixel(const geo::Picture& picture, int row, int col) {
  const auto at = static_cast<std::size_t>(3 * (row * picture.cols + col));
  return {picture.rgb[at], picture.rgb[at + 1], picture.rgb[at + 2]};
}

std::unique_ptr<geo::RasterSource> raster(std::int64_t rows,
                                          std::int64_t cols,
                                          std::vector<float> values,
                                          std::vector<std::uint8_t> valid = {}) {
  geo::MemoryRaster made;
  made.grid = test::utm_grid(rows, cols);
  made.bands.resize(values.size() / static_cast<std::size_t>(rows * cols));
  made.values = std::move(values);
  made.valid = std::move(valid);
  return geo::make_memory_source(std::move(made));
}

geo::Picture white(int rows, int cols) {
  return {rows, cols, std::vector<std::uint8_t>(static_cast<std::size_t>(rows * cols * 3), 255)};
}

template <typename Code>
void expect_usage(const std::string& part, Code code) {
  try {
    code();
    ADD_FAILURE() << "not refused; expected: " << part;
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::usage);
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

TEST(PictureSize, KeepsSmallWindowsAndShrinksLargeOnes) {
  EXPECT_EQ(picture_size({0, 0, 30, 50}, 100), (std::pair{30, 50}));
  EXPECT_EQ(picture_size({0, 0, 3468, 10744}, 1400), (std::pair{451, 1400}));
  EXPECT_EQ(picture_size({0, 0, 1, 100000}, 1400), (std::pair{1, 1400}));
  expect_usage("0 x 5 pixels", [] { picture_size({0, 0, 0, 5}, 10); });
  expect_usage("at most 0 a side", [] { picture_size({0, 0, 5, 5}, 0); });
}

TEST(RenderOptical, StretchesEachBandAndMarksNodata) {
  const auto source = raster(1, 4, {10, 20, 30, 99, 5, 5, 5, 99, 300, 200, 100, 99}, {1, 1, 1, 0});
  const geo::Picture picture = render_optical(*source, {0, 0, 1, 4}, 100);
  EXPECT_EQ(pixel(picture, 0, 0), (Pixel{0, 128, 255}));
  EXPECT_EQ(pixel(picture, 0, 1), (Pixel{128, 128, 128}));
  EXPECT_EQ(pixel(picture, 0, 2), (Pixel{255, 128, 0}));
  EXPECT_EQ(pixel(picture, 0, 3), (Pixel{244, 244, 244}));
}

TEST(RenderOptical, AveragesValidPixelsDown) {
  // Blocks of two: means 1, 3 (one pixel is invalid), 5.
  const auto source =
      raster(2, 6, {0, 2, 3, 77, 5, 5, 0, 2, 3, 77, 5, 5}, {1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1});
  const geo::Picture picture = render_optical(*source, {0, 0, 2, 6}, 3);
  ASSERT_EQ(picture.rows, 1);
  EXPECT_EQ(pixel(picture, 0, 0)[0], 0);
  EXPECT_EQ(pixel(picture, 0, 1)[0], 128);
  EXPECT_EQ(pixel(picture, 0, 2)[0], 255);
}

TEST(RenderOptical, ShowsGroundBeyondTheRasterAsNodata) {
  const auto source = raster(1, 2, {1, 2});
  const geo::Picture picture = render_optical(*source, {-1, -1, 3, 4}, 100);
  EXPECT_EQ(pixel(picture, 0, 0), (Pixel{244, 244, 244}));
  EXPECT_EQ(pixel(picture, 1, 1), (Pixel{0, 0, 0}));
  EXPECT_EQ(pixel(picture, 1, 2), (Pixel{255, 255, 255}));
}

TEST(RenderOptical, RefusesBandsThatAreNotThere) {
  const auto source = raster(1, 2, {1, 2});
  try {
    render_optical(*source, {0, 0, 1, 2}, 10, {4});
    ADD_FAILURE();
  } catch (const geo::Error& error) {
    EXPECT_EQ(error.fault(), geo::Fault::wrong_bands);
    EXPECT_NE(std::string(error.what()).find("band 5, the raster has 1"), std::string::npos) << error.what();
  }
}

TEST(RenderHillshade, LightsSlopesThatFaceNorthWest) {
  std::vector<float> heights;
  for (int row = 0; row < 9; ++row) {
    for (int col = 0; col < 9; ++col)
      heights.push_back(static_cast<float>(100 - 2 * std::abs(row + col - 8)));
  }
  const auto source = raster(9, 9, heights, std::vector<std::uint8_t>(81, 1));
  const geo::Picture picture = render_hillshade(*source, {0, 0, 9, 9}, 100);
  EXPECT_GT(pixel(picture, 2, 2)[0], pixel(picture, 6, 6)[0] + 60);
}

TEST(DrawOutlines, FollowsTheBorderWhereItIs) {
  geo::Picture picture = white(10, 10);
  const geo::FeatureLayer layer = test::utm_layer("l", {test::pixel_box(2.5, 2.5, 7.5, 7.5)});
  draw_outlines(picture, layer, test::utm_grid(10, 10), {0, 0, 10, 10}, {1, 2, 3}, 1);
  EXPECT_EQ(pixel(picture, 2, 5), (Pixel{1, 2, 3}));
  EXPECT_EQ(pixel(picture, 7, 7), (Pixel{1, 2, 3}));
  EXPECT_EQ(pixel(picture, 5, 5), (Pixel{255, 255, 255}));
  EXPECT_EQ(pixel(picture, 0, 5), (Pixel{255, 255, 255}));
}

TEST(DrawOutlines, DrawsScaledWindowsAndClipsWhatLiesOutside) {
  geo::Picture picture = white(10, 10);  // half size of rows 10..30, columns 10..30
  const geo::FeatureLayer layer = test::utm_layer("l", {test::pixel_box(-1e6, 21, 1e6, 1e6)});
  draw_outlines(picture, layer, test::utm_grid(100, 100), {10, 10, 20, 20}, {0, 0, 0}, 1);
  for (int row = 0; row < 10; ++row) {
    EXPECT_EQ(pixel(picture, row, 5), (Pixel{0, 0, 0})) << row;
    EXPECT_EQ(pixel(picture, row, 3), (Pixel{255, 255, 255})) << row;
    EXPECT_EQ(pixel(picture, row, 7), (Pixel{255, 255, 255})) << row;
  }
}

TEST(DrawClasses, MixesListedClassesOnly) {
  geo::Picture picture = white(2, 4);
  const std::vector<std::uint8_t> classes = {1, 2};
  draw_classes(picture, classes, 1, 2, std::vector<ClassColour>{{1, {55, 155, 255}}}, 0.5);
  EXPECT_EQ(pixel(picture, 1, 1), (Pixel{155, 205, 255}));
  EXPECT_EQ(pixel(picture, 0, 2), (Pixel{255, 255, 255}));
  expect_usage("2 classes were given", [&] { draw_classes(picture, classes, 2, 2, {}, 1); });
}

TEST(SideBySide, LeavesAWhiteGap) {
  const std::vector<geo::Picture> pictures = {{1, 1, {1, 2, 3}}, {2, 1, {4, 5, 6, 7, 8, 9}}};
  const geo::Picture joined = side_by_side(pictures, 2);
  ASSERT_EQ(joined.rows, 2);
  ASSERT_EQ(joined.cols, 4);
  EXPECT_EQ(pixel(joined, 0, 0), (Pixel{1, 2, 3}));
  EXPECT_EQ(pixel(joined, 0, 1), (Pixel{255, 255, 255}));
  EXPECT_EQ(pixel(joined, 1, 0), (Pixel{255, 255, 255}));
  EXPECT_EQ(pixel(joined, 1, 3), (Pixel{7, 8, 9}));
}

TEST(Enlarged, MakesSquaresOfPixels) {
  const geo::Picture large = enlarged({1, 2, {1, 2, 3, 4, 5, 6}}, 5);
  EXPECT_EQ(large.rows, 3);
  EXPECT_EQ(large.cols, 6);
  EXPECT_EQ(pixel(large, 2, 2), (Pixel{1, 2, 3}));
  EXPECT_EQ(pixel(large, 0, 3), (Pixel{4, 5, 6}));
}

}  // namespace
}  // namespace scarp::pipelines

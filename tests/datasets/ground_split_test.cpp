// SPDX-License-Identifier: Apache-2.0
#include "datasets/ground_split.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "datasets/random.h"
#include "geo/feature_file_gdal.h"
#include "geo/raster_source_gdal.h"
#include "tests/support/datasets_fault.h"
#include "tests/support/memory_scene.h"
#include "tests/support/test_files.h"

namespace scarp::datasets {
namespace {

using test::expect_datasets_fault;

geo::Feature square(const geo::Grid& grid, double row, double col, double rows, double cols) {
  geo::Ring ring;
  for (const geo::PixelPoint p : {geo::PixelPoint{row, col},
                                  {row, col + cols},
                                  {row + rows, col + cols},
                                  {row + rows, col},
                                  {row, col}}) {
    ring.push_back(grid.map_from_pixel(p));
  }
  return {{{ring, {}}}, 1, ""};
}

LabelledBlocks blocks_of(std::vector<geo::Window> windows, std::vector<int> group) {
  LabelledBlocks blocks;
  blocks.groups = 1 + *std::max_element(group.begin(), group.end());
  blocks.blocks = std::move(windows);
  blocks.group = std::move(group);
  return blocks;
}

/// Five groups of 1, 2, 3, 4 and 10 blocks in five rows far apart.
LabelledBlocks five_groups() {
  std::vector<geo::Window> windows;
  std::vector<int> group;
  int number = 0;
  for (const int size : {1, 2, 3, 4, 10}) {
    for (int i = 0; i < size; ++i) {
      windows.push_back({number * 100, i * 10, 10, 10});
      group.push_back(number);
    }
    ++number;
  }
  return blocks_of(windows, group);
}

TEST(LabelledBlocks, JoinBlocksThatTouchAtAnEdgeOrACornerOrOverlap) {
  const geo::Grid grid = test::utm_grid(100, 100, 10);
  // Top left: two that share an edge and one at their corner. Alone: one a pixel further away. Below: two
  // that overlap.
  const geo::FeatureLayer area = {
      "area",
      grid.crs,
      {square(grid, 0, 0, 10, 10), square(grid, 0, 10, 10, 10), square(grid, 10, 20, 10, 10),
       square(grid, 21, 31, 10, 10), square(grid, 60, 50, 10, 10), square(grid, 67, 57, 10, 10)}};
  const LabelledBlocks blocks = labelled_blocks(area, grid, 32);
  ASSERT_EQ(blocks.blocks.size(), 6U);
  EXPECT_EQ(blocks.blocks[2], (geo::Window{10, 20, 10, 10}));
  EXPECT_THAT(blocks.group, testing::ElementsAre(0, 0, 0, 1, 2, 2));
  EXPECT_EQ(blocks.groups, 3);
}

TEST(LabelledBlocks, CutLargeAreasIntoEqualPiecesWithoutEmptyOnes) {
  const geo::Grid grid = test::utm_grid(100, 100, 10);
  geo::Feature triangle;
  triangle.parts = {{{grid.map_from_pixel({0, 0}), grid.map_from_pixel({0, 90}), grid.map_from_pixel({90, 0}),
                      grid.map_from_pixel({0, 0})},
                     {}}};
  const LabelledBlocks blocks = labelled_blocks({"area", grid.crs, {triangle}}, grid, 40);
  for (const geo::Window& block : blocks.blocks)
    EXPECT_EQ(block.pixels(), 900) << block.row << " " << block.col;
  EXPECT_EQ(blocks.blocks.size(), 6U) << "nine pieces of 30 pixels, three of them beyond the long side";
  EXPECT_EQ(blocks.groups, 1);
}

TEST(LabelledBlocks, OfVallesAreElevenGroups) {
  SCARP_REAL_DATA(labels, "mars/valles_labels.gpkg");
  const geo::Grid grid = geo::open_raster(test::real_data("mars/valles_hrsi.tif"))->grid();
  const LabelledBlocks blocks =
      labelled_blocks(geo::read_features({labels, "labelled_area"}, grid.crs), grid, 128);
  EXPECT_EQ(blocks.blocks.size(), 465U);
  for (const geo::Window& block : blocks.blocks) EXPECT_EQ(block.pixels(), 128 * 128);
  std::vector<int> sizes(static_cast<std::size_t>(blocks.groups), 0);
  for (const int group : blocks.group) ++sizes[group];
  EXPECT_THAT(sizes, testing::UnorderedElementsAre(184, 85, 84, 34, 23, 14, 13, 10, 8, 8, 2));
}

TEST(LabelledBlocks, ThatAreKeptAreInGroupsOfTheirOwn) {
  const LabelledBlocks row =
      blocks_of({{0, 0, 9, 9}, {0, 9, 9, 9}, {0, 18, 9, 9}, {0, 27, 9, 9}}, {0, 0, 0, 0});
  const LabelledBlocks kept = blocks_where(row, [](const geo::Window& block) { return block.col != 9; });
  EXPECT_THAT(kept.blocks, testing::ElementsAre(row.blocks[0], row.blocks[2], row.blocks[3]));
  EXPECT_THAT(kept.group, testing::ElementsAre(0, 1, 1));
  EXPECT_EQ(kept.groups, 2);
  EXPECT_EQ(blocks_where(row, [](const geo::Window&) { return false; }).groups, 0);
}

TEST(GroundSplit, TakesWholeGroups) {
  const LabelledBlocks blocks = five_groups();
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const GroundSplit split = split_by_groups(blocks, 0.25, 0, seed);
    EXPECT_EQ(split.training.size() + split.validation.size(), 20U);
    EXPECT_LE(split.validation.size(), 5U) << "groups that overshoot are passed over";
    for (const int a : split.training) {
      for (const int b : split.validation) EXPECT_NE(blocks.group[a], blocks.group[b]);
    }
  }
}

TEST(GroundSplit, DependsOnTheSeedAlone) {
  const LabelledBlocks blocks = five_groups();
  std::vector<std::vector<int>> seen;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const GroundSplit split = split_by_groups(blocks, 0.2, 0, seed);
    EXPECT_EQ(split.validation, split_by_groups(blocks, 0.2, 0, seed).validation);
    seen.push_back(split.validation);
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_GT(std::unique(seen.begin(), seen.end()) - seen.begin(), 1);
}

TEST(GroundSplit, TakesTheSmallestGroupWhereEachIsLargerThanTheShare) {
  const LabelledBlocks blocks =
      blocks_of({{0, 0, 9, 9}, {0, 9, 9, 9}, {0, 18, 9, 9}, {50, 0, 9, 9}, {50, 9, 9, 9}}, {0, 0, 0, 1, 1});
  EXPECT_THAT(split_by_groups(blocks, 0.1, 0, 3).validation, testing::ElementsAre(3, 4));
}

TEST(GroundSplit, LeavesOutTrainingBlocksWithinTheMargin) {
  const LabelledBlocks blocks = blocks_of(
      {{0, 0, 10, 10}, {0, 15, 10, 10}, {0, 40, 10, 10}, {0, 50, 10, 10}, {0, 60, 10, 10}}, {0, 1, 2, 2, 2});
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const GroundSplit wide = split_by_groups(blocks, 0.2, 6, seed),
                      narrow = split_by_groups(blocks, 0.2, 5, seed);
    ASSERT_EQ(wide.validation.size(), 1U);
    EXPECT_THAT(wide.training, testing::ElementsAre(2, 3, 4)) << "five pixels lie between the first two";
    EXPECT_EQ(narrow.training.size(), 4U);
  }
}

TEST(GroundSplit, CutsASingleGroupWhereFewestBlocksTouchTheLine) {
  // Two clumps of 3 x 3 blocks joined by one block: the narrow place is before or behind it.
  std::vector<geo::Window> windows;
  for (int row = 0; row < 3; ++row) {
    for (int col = 0; col < 7; ++col) {
      if (col != 3 || row == 1) windows.push_back({row * 10, col * 10, 10, 10});
    }
  }
  const LabelledBlocks blocks = blocks_of(windows, std::vector<int>(windows.size(), 0));
  const GroundSplit split = split_by_groups(blocks, 0.5, 0, 1);
  ASSERT_EQ(split.training.size() + split.validation.size(), windows.size());
  EXPECT_THAT(std::max(split.training.size(), split.validation.size()), 10U) << "nine and the joint";
}

TEST(GroundSplit, RefusesWhatCannotBeSplit) {
  const LabelledBlocks one = blocks_of({{0, 0, 9, 9}}, {0});
  expect_datasets_fault(Fault::empty_split, "smaller blocks", [&] { split_by_groups(one, 0.2, 0, 1); });
  expect_datasets_fault(Fault::empty_split, "of 0 labelled blocks", [&] { split_by_groups({}, 0.2, 0, 1); });
  expect_datasets_fault(Fault::empty_split, "margin of 5000",
                        [&] { split_by_groups(five_groups(), 0.2, 5000, 1); });
  expect_datasets_fault(Fault::bad_argument, "between 0 and 1",
                        [&] { split_by_groups(five_groups(), 1, 0, 1); });
  expect_datasets_fault(Fault::bad_argument, "margin", [&] { split_by_groups(five_groups(), 0.5, -1, 1); });
  expect_datasets_fault(Fault::bad_argument, "at least 1",
                        [&] { labelled_blocks({}, test::utm_grid(9, 9, 1), 0); });
}

}  // namespace
}  // namespace scarp::datasets

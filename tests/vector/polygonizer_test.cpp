// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/polygonizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/vector/polygonized_rasters.h"

namespace scarp::vector {
namespace {

using test::ascii_raster;
using test::plain_grid;
using test::utm_grid;
using testing::ElementsAre;

TEST(Polygonizer, SquareBecomesOneRingFromItsFirstCorner) {
  const auto objects = polygonize(ascii_raster(R"(
    ....
    .##.
    .##.
    ....)"));
  ASSERT_THAT(wkts(objects), ElementsAre("POLYGON ((1 -1, 1 -3, 3 -3, 3 -1, 1 -1))"));
  EXPECT_EQ(objects[0].pixels, 4);
  EXPECT_EQ(objects[0].class_id, 1);
  EXPECT_EQ(objects[0].first_col, 1);
  EXPECT_EQ(objects[0].window, (geo::Window{1, 1, 2, 2}));
}

TEST(Polygonizer, PixelsLieWhereTheGridSays) {
  const auto raster = ascii_raster(R"(
    ..
    .#)");
  EXPECT_THAT(wkts(polygonize(raster, {2, 2, {100, 2, 0, 200, 0, -3}, {}}, raster.window())),
              ElementsAre("POLYGON ((102 197, 102 194, 104 194, 104 197, 102 197))"));
}

TEST(Polygonizer, OuterRingRunsCounterclockwiseWhereRowsRunUpwardsToo) {
  const auto raster = ascii_raster(R"(
    ..
    .#)");
  EXPECT_THAT(wkts(polygonize(raster, {2, 2, {0, 1, 0, 0, 0, 1}, {}}, raster.window())),
              ElementsAre("POLYGON ((1 1, 2 1, 2 2, 1 2, 1 1))"));
}

TEST(Polygonizer, HoleIsKeptAndNotCounted) {
  const auto objects = polygonize(ascii_raster(R"(
    ###
    #.#
    ###)"));
  ASSERT_THAT(wkts(objects),
              ElementsAre("POLYGON ((0 0, 0 -3, 3 -3, 3 0, 0 0), (1 -1, 2 -1, 2 -2, 1 -2, 1 -1))"));
  EXPECT_EQ(objects[0].pixels, 8);
}

TEST(Polygonizer, IslandInAHoleIsAnObjectOfItsOwn) {
  const auto objects = polygonize(ascii_raster(R"(
    #####
    #...#
    #.#.#
    #...#
    #####)"));
  ASSERT_THAT(wkts(objects),
              ElementsAre("POLYGON ((2 -2, 2 -3, 3 -3, 3 -2, 2 -2))",
                          "POLYGON ((0 0, 0 -5, 5 -5, 5 0, 0 0), (1 -1, 4 -1, 4 -4, 1 -4, 1 -1))"));
  EXPECT_EQ(objects[0].pixels, 1);
  EXPECT_EQ(objects[1].pixels, 16);
}

TEST(Polygonizer, PixelsThatTouchAtACornerAreTwoObjects) {
  EXPECT_THAT(
      wkts(polygonize(ascii_raster(R"(
    #.
    .#)"))),
      ElementsAre("POLYGON ((0 0, 0 -1, 1 -1, 1 0, 0 0))", "POLYGON ((1 -1, 1 -2, 2 -2, 2 -1, 1 -1))"));
}

TEST(Polygonizer, HolesThatTouchAtACornerAreTwoRings) {
  const auto objects = polygonize(ascii_raster(R"(
    ####
    #.##
    ##.#
    ####)"));
  ASSERT_THAT(wkts(objects),
              ElementsAre("POLYGON ((0 0, 0 -4, 4 -4, 4 0, 0 0), (1 -1, 2 -1, 2 -2, 1 -2, 1 -1), "
                          "(2 -2, 3 -2, 3 -3, 2 -3, 2 -2))"));
  EXPECT_TRUE(ogc_valid(objects[0].polygon));
}

TEST(Polygonizer, OutlineThatTouchesItselfEnclosesAHole) {
  const auto objects = polygonize(ascii_raster(R"(
    ##.
    #.#
    ###)"));
  ASSERT_THAT(wkts(objects), ElementsAre("POLYGON ((0 0, 0 -3, 3 -3, 3 -1, 2 -1, 2 0, 0 0), "
                                         "(1 -1, 2 -1, 2 -2, 1 -2, 1 -1))"));
  EXPECT_TRUE(ogc_valid(objects[0].polygon));
  EXPECT_EQ(objects[0].pixels, 7);
}

TEST(Polygonizer, ClassesShareTheirBorder) {
  const auto objects = polygonize(ascii_raster(R"(
    112
    122)"));
  ASSERT_THAT(wkts(objects), ElementsAre("POLYGON ((0 0, 0 -2, 1 -2, 1 -1, 2 -1, 2 0, 0 0))",
                                         "POLYGON ((2 0, 2 -1, 1 -1, 1 -2, 3 -2, 3 0, 2 0))"));
  EXPECT_EQ(objects[0].class_id, 1);
  EXPECT_EQ(objects[1].class_id, 2);
}

TEST(Polygonizer, BackgroundAndNodataBecomeNoPolygon) {
  EXPECT_THAT(polygonize(ascii_raster(R"(
    .?.
    ???)")),
              testing::IsEmpty());
}

TEST(Polygonizer, NodataCutsObjects) {
  EXPECT_THAT(wkts(polygonize(ascii_raster("#?#"))),
              ElementsAre("POLYGON ((0 0, 0 -1, 1 -1, 1 0, 0 0))", "POLYGON ((2 0, 2 -1, 3 -1, 3 0, 2 0))"));
}

TEST(Polygonizer, ObjectsComeByTheirLastRowsThenByTheirFirstPixels) {
  const auto objects = polygonize(ascii_raster(R"(
    ...3
    11.3
    .1.3
    2..3)"));
  std::vector<int> ids;
  for (const ClassPolygon& object : objects) ids.push_back(object.class_id);
  EXPECT_THAT(ids, ElementsAre(1, 3, 2));
}

}  // namespace
}  // namespace scarp::vector

// SPDX-License-Identifier: Apache-2.0
// What the polygonizer owes to those who push rows: the same answer however they come, sums, edges, places.
#include <algorithm>
#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/vector/polygonized_rasters.h"

namespace scarp::vector {
namespace {

using test::ascii_raster;
using test::plain_grid;
using test::utm_grid;
using testing::ElementsAre;

TEST(Polygonizer, AnswerDoesNotDependOnHowRowsArePushed) {
  std::mt19937 random(11);
  const AsciiRaster raster = random_raster(random, 37, 29, 2, 0.4);
  const geo::Grid grid = utm_grid(raster.rows, raster.cols);
  const auto at_once = wkts(polygonize(raster, grid, raster.window(), raster.rows));
  EXPECT_EQ(wkts(polygonize(raster, grid, raster.window(), 1)), at_once);
  EXPECT_EQ(wkts(polygonize(raster, grid, raster.window(), 5)), at_once);
}

std::vector<bool> edges(const AsciiRaster& raster, std::int64_t rows_a_time) {
  std::vector<bool> at_edge;
  const geo::Grid grid = plain_grid(raster.rows, raster.cols);
  for (const ClassPolygon& object : polygonize(raster, grid, raster.window(), rows_a_time)) {
    at_edge.push_back(object.sums.at_edge());
  }
  return at_edge;
}

TEST(Polygonizer, ObjectBesideNodataIsAtTheEdge) {
  for (const std::int64_t rows_a_time : {1, 2, 3}) {
    for (const char* drawing : {"...\n.#?\n...", ".?.\n.#.\n...", "...\n.#.\n.?.", "...\n?#.\n..."}) {
      EXPECT_THAT(edges(ascii_raster(drawing), rows_a_time), ElementsAre(true)) << drawing;
    }
    EXPECT_THAT(edges(ascii_raster("?.?\n.#.\n?.?"), rows_a_time), ElementsAre(false));
    EXPECT_THAT(edges(ascii_raster("..?\n#..\n..."), rows_a_time), ElementsAre(false))
        << "the end of a row is not beside the next one";
    EXPECT_THAT(edges(ascii_raster("##\n##"), rows_a_time), ElementsAre(false)) << "the area is the caller's";
  }
}

TEST(Polygonizer, ValuesAreSummedOverTheObjectsPixels) {
  const AsciiRaster raster = ascii_raster("#.#\n###\n..2");
  const std::vector<std::vector<std::uint8_t>> confidence = {{10, 90, 20}, {30, 40, 50}, {90, 90, 200}};
  const geo::Grid grid = plain_grid(3, 3);
  for (const std::int64_t rows_a_time : {1, 2, 3}) {
    std::vector<double> means;
    const auto polygonizer = make_polygonizer(grid, grid.window(), [&](ClassPolygon&& object) {
      means.push_back(object.sums.confidence()->mean * 254);
    });
    for (std::int64_t row = 0; row < 3; row += rows_a_time) {
      const std::int64_t rows = std::min<std::int64_t>(rows_a_time, 3 - row);
      // What is pushed lives until push returns only.
      auto copies = confidence;
      std::vector<PixelRow> values;
      for (std::int64_t i = row; i < row + rows; ++i) {
        PixelRow known;
        known.confidence = copies[static_cast<std::size_t>(i)];
        values.push_back(known);
      }
      polygonizer->push({rows,
                         std::span(raster.pixels)
                             .subspan(static_cast<std::size_t>(row * 3), static_cast<std::size_t>(rows * 3)),
                         values});
      for (auto& copy : copies) std::fill(copy.begin(), copy.end(), std::uint8_t{0});
    }
    polygonizer->finish();
    ASSERT_EQ(means.size(), 2U);
    EXPECT_NEAR(means[0], 30, 1e-12);
    EXPECT_NEAR(means[1], 200, 1e-12);
  }
}

TEST(Polygonizer, ObjectsComeWhileRowsAreStillComing) {
  const AsciiRaster raster = ascii_raster("#.\n..\n.#\n..\n..");
  std::vector<std::int64_t> came;
  std::int64_t objects = 0;
  const auto polygonizer =
      make_polygonizer(plain_grid(5, 2), raster.window(), [&](ClassPolygon&&) { ++objects; });
  for (std::size_t row = 0; row < 5; ++row) {
    polygonizer->push({1, std::span(raster.pixels).subspan(row * 2, 2)});
    came.push_back(objects);
  }
  // A row waits until the one below is known; an object is finished by the row after its last.
  EXPECT_THAT(came, ElementsAre(0, 0, 1, 1, 2));
}

TEST(Polygonizer, ObjectHasTheSameCoordinatesWhateverAreaWasAskedFor) {
  const auto scene = ascii_raster(R"(
    ........
    ..###...
    ..#.#...
    ..###...
    ........
    ........)");
  // A geotransform in which sums of coordinates round.
  const geo::Grid grid{scene.rows, scene.cols, {0.1, 0.7, 0, 1e6 / 3, 0, -0.3}, {}};
  const auto whole = polygonize(scene, grid, scene.window());
  ASSERT_EQ(whole.size(), 1U);
  for (const geo::Window area : {geo::Window{1, 2, 3, 3}, geo::Window{0, 1, 5, 6}, geo::Window{1, 0, 5, 8}}) {
    const auto part = polygonize(scene.cropped(area), grid, area);
    ASSERT_EQ(part.size(), 1U);
    EXPECT_EQ(part[0].polygon.outer, whole[0].polygon.outer);
    EXPECT_EQ(part[0].polygon.holes, whole[0].polygon.holes);
    EXPECT_EQ(part[0].window, (geo::Window{1, 2, 3, 3}));
    EXPECT_EQ(part[0].first_col, 2);
  }
}

}  // namespace
}  // namespace scarp::vector

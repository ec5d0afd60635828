// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/polygonizer.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ogr_geometry.h>

#include "pipelines/vector/error.h"
#include "tests/support/ascii_raster.h"

namespace scarp::vector {
namespace {

using test::ascii_raster;
using test::AsciiRaster;
using test::plain_grid;
using test::utm_grid;
using testing::ElementsAre;
using testing::HasSubstr;

std::string ring_text(const geo::Ring& ring) {
  std::ostringstream text;
  const char* comma = "(";
  for (const geo::MapPoint& point : ring) {
    text << comma << point.x << ' ' << point.y;
    comma = ", ";
  }
  return text.str() + ")";
}

std::string wkt(const geo::Polygon& polygon) {
  std::string text = "POLYGON (" + ring_text(polygon.outer);
  for (const geo::Ring& hole : polygon.holes) text += ", " + ring_text(hole);
  return text + ")";
}

std::vector<ClassPolygon> polygonize(const AsciiRaster& raster,
                                     const geo::Grid& grid,
                                     const geo::Window& area,
                                     std::int64_t rows_a_time = 1) {
  std::vector<ClassPolygon> objects;
  const auto polygonizer =
      make_polygonizer(grid, area, [&](ClassPolygon&& object) { objects.push_back(std::move(object)); });
  const std::span<const std::uint8_t> pixels(raster.pixels);
  for (std::int64_t row = 0; row < raster.rows; row += rows_a_time) {
    const std::int64_t rows = std::min(rows_a_time, raster.rows - row);
    polygonizer->push({rows, pixels.subspan(static_cast<std::size_t>(row * raster.cols),
                                            static_cast<std::size_t>(rows * raster.cols))});
  }
  polygonizer->finish();
  return objects;
}

/// In pixels, y upwards: corner (row, col) is (col, -row).
std::vector<ClassPolygon> polygonize(const AsciiRaster& raster) {
  return polygonize(raster, plain_grid(raster.rows, raster.cols), raster.window());
}

std::vector<std::string> wkts(const std::vector<ClassPolygon>& objects) {
  std::vector<std::string> texts;
  for (const ClassPolygon& object : objects) texts.push_back(wkt(object.polygon));
  return texts;
}

bool ogc_valid(const geo::Polygon& polygon) {
  OGRGeometry* geometry = nullptr;
  if (OGRGeometryFactory::createFromWkt(wkt(polygon).c_str(), nullptr, &geometry) != OGRERR_NONE)
    return false;
  const bool valid = geometry->IsValid() != FALSE;
  OGRGeometryFactory::destroyGeometry(geometry);
  return valid;
}

/// The pixels of every 4-connected object by flood fill: an implementation that shares nothing with the
/// polygonizer. In the order of their last rows, then of their first pixels.
std::vector<std::vector<std::size_t>> flooded_objects(const AsciiRaster& raster) {
  std::vector<std::vector<std::size_t>> objects;
  std::vector<bool> seen(raster.pixels.size());
  const auto cols = static_cast<std::size_t>(raster.cols);
  for (std::size_t first = 0; first < raster.pixels.size(); ++first) {
    const std::uint8_t id = raster.pixels[first];
    if (seen[first] || id == 0 || id == 255) continue;
    std::vector<std::size_t> object;
    std::vector<std::size_t> open = {first};
    seen[first] = true;
    const auto visit = [&](std::size_t i) {
      if (seen[i] || raster.pixels[i] != id) return;
      seen[i] = true;
      open.push_back(i);
    };
    while (!open.empty()) {
      const std::size_t i = open.back();
      open.pop_back();
      object.push_back(i);
      if (i >= cols) visit(i - cols);
      if (i + cols < raster.pixels.size()) visit(i + cols);
      if (i % cols > 0) visit(i - 1);
      if (i % cols + 1 < cols) visit(i + 1);
    }
    std::sort(object.begin(), object.end());
    objects.push_back(object);
  }
  std::stable_sort(objects.begin(), objects.end(),
                   [&](const auto& a, const auto& b) { return a.back() / cols < b.back() / cols; });
  return objects;
}

/// The pixels whose centres lie in the polygon, by counting crossings to the left, in the plain grid.
std::vector<std::size_t> pixels_within(const geo::Polygon& polygon, const AsciiRaster& raster) {
  std::vector<geo::Ring> rings = {polygon.outer};
  rings.insert(rings.end(), polygon.holes.begin(), polygon.holes.end());
  std::vector<std::size_t> found;
  for (std::int64_t row = 0; row < raster.rows; ++row) {
    const double y = -static_cast<double>(row) - 0.5;
    std::vector<int> crossings(static_cast<std::size_t>(raster.cols) + 1);
    for (const geo::Ring& ring : rings) {
      for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
        if ((ring[i].y < y) != (ring[i + 1].y < y)) ++crossings[static_cast<std::size_t>(ring[i].x)];
      }
    }
    int left = 0;
    for (std::int64_t col = 0; col < raster.cols; ++col) {
      left += crossings[static_cast<std::size_t>(col)];
      if (left % 2 == 1) found.push_back(static_cast<std::size_t>(row * raster.cols + col));
    }
  }
  return found;
}

AsciiRaster random_raster(std::mt19937& random,
                          std::int64_t rows,
                          std::int64_t cols,
                          int classes,
                          double background) {
  AsciiRaster raster{rows, cols, {}};
  std::uniform_real_distribution<double> share(0, 1);
  std::uniform_int_distribution<int> id(1, classes);
  for (std::int64_t i = 0; i < rows * cols; ++i) {
    const bool empty = share(random) < background;
    raster.pixels.push_back(static_cast<std::uint8_t>(empty ? (share(random) < 0.1 ? 255 : 0) : id(random)));
  }
  return raster;
}

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

TEST(Polygonizer, RandomMasksGiveTheFloodedObjectsAsValidPolygons) {
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    const double background = 0.1 + 0.1 * (round % 7);
    const AsciiRaster raster =
        random_raster(random, 3 + round % 20, 2 + round % 31, 1 + round % 3, background);
    const auto expected = flooded_objects(raster);
    const auto objects = polygonize(raster);
    ASSERT_EQ(objects.size(), expected.size()) << "round " << round;
    for (std::size_t i = 0; i < objects.size(); ++i) {
      EXPECT_TRUE(ogc_valid(objects[i].polygon)) << wkt(objects[i].polygon);
      EXPECT_EQ(pixels_within(objects[i].polygon, raster), expected[i])
          << "round " << round << ", object " << i;
      EXPECT_EQ(objects[i].pixels, static_cast<std::int64_t>(expected[i].size()));
      EXPECT_EQ(objects[i].class_id, raster.pixels[expected[i].front()]);
      EXPECT_EQ(objects[i].window.row * raster.cols + objects[i].first_col,
                static_cast<std::int64_t>(expected[i].front()));
    }
  }
}

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

struct PolygonizerErrors : testing::Test {
  const geo::Grid grid = plain_grid(3, 4);
  std::vector<std::uint8_t> pixels = std::vector<std::uint8_t>(40);

  std::unique_ptr<Polygonizer> make() {
    return make_polygonizer(grid, grid.window(), [](ClassPolygon&&) {});
  }
  template <class Call>
  static void expect_error(Call call, const char* text) {
    try {
      call();
      FAIL() << "no error; expected: " << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.fault(), Fault::bad_argument);
      EXPECT_THAT(error.what(), HasSubstr(text));
    }
  }
};

TEST_F(PolygonizerErrors, AreaMustLieInTheScene) {
  const auto make_of = [&](const geo::Window& area) { make_polygonizer(grid, area, [](ClassPolygon&&) {}); };
  expect_error([&] { make_of({0, 0, 4, 4}); }, "4 x 4 pixels from row 0, column 0 of a scene of 3 x 4");
  expect_error([&] { make_of({1, 1, 0, 2}); }, "choose an area inside the scene");
}

TEST_F(PolygonizerErrors, RowsMustBeAsWideAsTheArea) {
  expect_error(
      [&] {
        make()->push({1, std::span(pixels).first(3)});
      },
      "1 rows of 4 columns were announced, 3 pixels were given");
}

TEST_F(PolygonizerErrors, ValuesMustBeOfAsManyRows) {
  const std::vector<PixelRow> values(2);
  expect_error(
      [&] {
        make()->push({1, std::span(pixels).first(4), values});
      },
      "1 rows were announced, values of 2 rows were given");
}

TEST_F(PolygonizerErrors, NoMoreRowsThanTheAreaHas) {
  expect_error([&] { make()->push({4, std::span(pixels).first(16)}); }, "more than the 3 rows");
}

TEST_F(PolygonizerErrors, AllRowsMustHaveCome) {
  const auto polygonizer = make();
  polygonizer->push({2, std::span(pixels).first(8)});
  expect_error([&] { polygonizer->finish(); }, "2 of 3 rows came");
}

TEST_F(PolygonizerErrors, NothingIsPushedAfterTheEnd) {
  const auto polygonizer = make();
  polygonizer->push({3, std::span(pixels).first(12)});
  polygonizer->finish();
  expect_error(
      [&] {
        polygonizer->push({1, std::span(pixels).first(4)});
      },
      "after the polygons had been finished");
  expect_error([&] { polygonizer->finish(); }, "can be finished once");
}

}  // namespace
}  // namespace scarp::vector

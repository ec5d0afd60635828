// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <span>
#include <vector>

#include <gtest/gtest.h>

#include "pipelines/vector/error.h"
#include "pipelines/vector/polygonizer.h"
#include "tests/support/ascii_raster.h"
#include "tests/vector/written_samples.h"

namespace scarp::vector {
namespace {

using test::plain_grid;

struct PolygonizerErrors : testing::Test {
  const geo::Grid grid = plain_grid(3, 4);
  std::vector<std::uint8_t> pixels = std::vector<std::uint8_t>(40);

  std::unique_ptr<Polygonizer> make() {
    return make_polygonizer(grid, grid.window(), [](ClassPolygon&&) {});
  }
  template <class Call>
  static void expect_error(Call call, const char* text) {
    vector::expect_error(call, Fault::bad_argument, text);
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

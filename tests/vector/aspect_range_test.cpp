// SPDX-License-Identifier: Apache-2.0
#include <array>

#include <gtest/gtest.h>

#include "pipelines/vector/attributes.h"

namespace scarp::vector {
namespace {

TEST(AspectRange, HairWestOfNorthIsZeroAndNot360) {
  geo::Grid grid;
  grid.rows = 9;
  grid.cols = 9;
  grid.geotransform = {500000, 10, 0, 5000000, 0, -10};
  grid.crs = geo::Crs::from_user_input("EPSG:32632");
  ClassPolygon object;
  object.class_id = 1;
  object.window = {3, 3, 1, 1};
  object.pixels = 1;
  object.polygon.outer = {
      {500030, 4999970}, {500030, 4999960}, {500040, 4999960}, {500040, 4999970}, {500030, 4999970}};
  const std::array<std::uint8_t, 1> inside = {1};
  // Ground that falls to the north, and by 1e-20 to the west: 360 less that cannot be told from 360.
  const std::array<float, 1> rise_east = {1e-20F};
  const std::array<float, 1> rise_north = {-0.5F};
  ObjectPixels pixels;
  pixels.window = object.window;
  pixels.inside = inside;
  pixels.gradient_east = rise_east;
  pixels.gradient_north = rise_north;
  const auto attributes = measure_object(object, pixels, grid, geo::GeodesicMeasure(grid.crs));
  ASSERT_TRUE(attributes.aspect);
  EXPECT_EQ(*attributes.aspect, 0);
}

}  // namespace
}  // namespace scarp::vector

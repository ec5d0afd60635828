// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include <gtest/gtest.h>

#include "pipelines/vector/attributes.h"

namespace scarp::vector {
namespace {

TEST(AspectRange, HairWestOfNorthIsZeroAndNot360) {
  // Ground that falls to the north, and of one pixel by the least step to the west: 360 less that cannot be
  // told from 360.
  constexpr std::size_t kPixels = 400;
  const std::vector<float> slope(kPixels, 26.5F);
  const std::vector<float> rise_north(kPixels, -0.5F);
  std::vector<float> rise_east(kPixels, 0.0F);
  rise_east[0] = 1.72e-14F;
  PixelSums sums;
  sums.add_run({{}, {}, slope, rise_east, rise_north, {}}, 0, kPixels);
  ASSERT_LT(sums.downhill()->east, 0);
  ObjectAttributes attributes;
  const std::vector<geo::PixelPoint> corners = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};
  set_pixel_attributes(sums, corners, {10, 10}, attributes);
  ASSERT_TRUE(attributes.aspect);
  EXPECT_EQ(*attributes.aspect, 0);
}

}  // namespace
}  // namespace scarp::vector

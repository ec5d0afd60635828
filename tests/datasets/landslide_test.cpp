// SPDX-License-Identifier: Apache-2.0
#include "datasets/landslide.h"

#include <gtest/gtest.h>

#include "datasets/drainage.h"
#include "datasets/landscape.h"
#include "datasets/landslide_sites.h"
#include "datasets/noise.h"

namespace scarp::datasets {
namespace {

/// A plane that falls by `slope` a row.
HeightField plane(int rows, int cols, float slope) {
  HeightField field(rows, cols);
  for (int row = 0; row < rows; ++row) {
    for (int col = 0; col < cols; ++col) field.at(row, col) = slope * static_cast<float>(rows - row);
  }
  return field;
}

Landslide on_plane(const HeightField& ground, double length, double age, std::uint64_t seed) {
  Random random(seed);
  return shape_landslide(trace_down(ground, {20.3, 80.7}, length, length), length, 0.6 * length, age, random);
}

TEST(PixelRing, HoldsThePixelsWhoseCentresAreInside) {
  const PixelRing ring = {{0.6, 0.4}, {0.6, 3.4}, {2.6, 3.4}, {2.6, 0.4}};
  std::vector<std::pair<int, int>> pixels;
  for_each_pixel_inside(ring, 10, 3, [&](int row, int col) { pixels.emplace_back(row, col); });
  EXPECT_EQ(pixels, (std::vector<std::pair<int, int>>{{1, 0}, {1, 1}, {1, 2}, {2, 0}, {2, 1}, {2, 2}}));
}

TEST(PixelRing, KnowsWhetherItCrossesItself) {
  EXPECT_TRUE(is_simple({{0, 0}, {0, 4}, {4, 4}, {4, 0}}));
  EXPECT_FALSE(is_simple({{0, 0}, {4, 4}, {0, 4}, {4, 0}}));
}

TEST(PixelRing, MeasuresAlongAndBesideALine) {
  const PixelRing east = {{5, 0}, {5, 10}};
  const AlongLine place = project(east, 7, 3);
  EXPECT_FLOAT_EQ(place.along, 3);
  EXPECT_FLOAT_EQ(place.beside, 2) << "rows go down: greater rows are to the right of east";
  EXPECT_FLOAT_EQ(project(east, 4, 3).beside, -1);
  EXPECT_FLOAT_EQ(distance_to_ring({{0, 0}, {0, 4}, {4, 4}, {4, 0}}, 1, 2), 1);
}

TEST(Landslide, ChangesTheGroundInsideItsOutlineAndNowhereElse) {
  const HeightField before = plane(200, 160, 0.5F);
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const Landslide slide =
        on_plane(before, 30.0 + 12 * static_cast<double>(seed), 0.1 * static_cast<double>(seed), seed);
    HeightField after = before;
    carve(slide, before, after);
    std::vector<int> inside(before.values.size(), 0);
    for_each_pixel_inside(slide.outline, before.rows, before.cols,
                          [&](int row, int col) { inside[before.index(row, col)] = 1; });
    int changed = 0, labelled = 0;
    for (std::size_t i = 0; i < inside.size(); ++i) {
      const float change = std::abs(after.values[i] - before.values[i]);
      ASSERT_TRUE(inside[i] || change == 0) << "changed outside the outline";
      changed += change > 0.05F;
      labelled += inside[i];
    }
    EXPECT_GT(changed, 0.85 * labelled) << "seed " << seed;
  }
}

TEST(Landslide, TakesFromItsHeadAndPilesUpAtItsToe) {
  const HeightField before = plane(200, 160, 0.5F);
  const Landslide slide = on_plane(before, 100, 0.3, 4);
  HeightField after = before;
  carve(slide, before, after);
  double upper = 0, lower = 0;
  for_each_pixel_inside(slide.outline, 200, 160, [&](int row, int col) {
    const float t =
        project(slide.axis, static_cast<float>(row) + 0.5F, static_cast<float>(col) + 0.5F).along /
        slide.length;
    const double change = after.at(row, col) - before.at(row, col);
    if (t < 0.4F) upper += change;
    if (t > 0.65F) lower += change;
  });
  EXPECT_LT(upper, -500);
  EXPECT_GT(lower, 500);
}

TEST(Landslide, HasAHeadScarpSteeperThanTheSlope) {
  const HeightField before = plane(200, 160, 0.5F);
  const Landslide slide = on_plane(before, 100, 0.9, 4);
  HeightField after = before;
  carve(slide, before, after);
  const int row = static_cast<int>(slide.outline.front().row + 0.4F * slide.wall_width);
  EXPECT_LT(after.gradient(row, static_cast<int>(slide.outline.front().col)).down, -0.75F) << "even when old";
}

TEST(Landslide, FollowsTheSlope) {
  const HeightField ground = plane(200, 160, 0.5F);
  const PixelRing axis = trace_down(ground, {20, 80}, 100, 50);
  ASSERT_FALSE(axis.empty());
  EXPECT_NEAR(axis.back().row, 120, 1e-4);
  EXPECT_NEAR(axis.back().col, 80, 1e-4);
  EXPECT_TRUE(trace_down(ground, {150, 80}, 100, 50).empty()) << "leaves the field";
  EXPECT_TRUE(trace_down(plane(200, 160, 0), {20, 80}, 100, 50).empty()) << "flat";
}

TEST(Landslides, LieOnSlopesThatCanSlide) {
  const Landscape land = make_landscape(3, 400, 400);
  const Relief relief(land.heights);
  Random random(8);
  Occupancy taken(400, 400);
  const std::vector<Landslide> slides = place_landslides(land, relief, 6, random, taken);
  EXPECT_GE(slides.size(), 4U);
  for (const Landslide& slide : slides) {
    const auto z = [&](const geo::PixelPoint& p) {
      return land.heights.at(static_cast<int>(p.row), static_cast<int>(p.col));
    };
    const float slope = (z(slide.axis.front()) - z(slide.axis.back())) / slide.length;
    EXPECT_GT(slope, 0.2F);
    EXPECT_LT(slope, 0.95F);
  }
}

TEST(Drainage, LeadsEveryCellToAnOutletAndLosesNoWater) {
  HeightField heights(60, 50);
  add_noise(heights, 3, 9, 10, 4);
  const Drainage drainage = drain(heights, {}, 1);
  ASSERT_EQ(drainage.order.size(), heights.values.size());
  std::vector<char> seen(heights.values.size(), 0);
  double leaving = 0;
  for (const std::int32_t cell : drainage.order) {
    const std::int32_t to = drainage.receiver[cell];
    ASSERT_TRUE(to == cell || seen[to]) << "a receiver comes first";
    seen[cell] = 1;
    if (to == cell) leaving += drainage.area[cell];
  }
  EXPECT_EQ(leaving, 60 * 50);
}

TEST(Landscape, HasRiversThatGatherMostOfTheWaterInFewPixels) {
  const Landscape land = make_landscape(9, 300, 300);
  int rivers = 0;
  for (const float drained : land.drained.values) rivers += drained > 2000;
  EXPECT_GT(rivers, 100);
  EXPECT_LT(rivers, 300 * 300 / 20);
  EXPECT_EQ(*std::min_element(land.heights.values.begin(), land.heights.values.end()), 0);
}

TEST(HeightField, IsSmoothedWithoutLosingItsMean) {
  HeightField field(40, 40, 1);
  field.at(20, 20) = 101;
  const HeightField smooth = smoothed(field, 2);
  double sum = 0;
  for (const float value : smooth.values) sum += value;
  EXPECT_NEAR(sum, 1700, 0.01);
  EXPECT_NEAR(smooth.at(20, 20), 1 + 100 / (2 * 3.14159 * 4), 0.05) << "the peak of a Gaussian of two pixels";
  EXPECT_FLOAT_EQ(cubic_sample(field, 3.4F, 5.1F), 1);
}

}  // namespace
}  // namespace scarp::datasets

// SPDX-License-Identifier: Apache-2.0
#include "geo/tile_plan.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/memory_scene.h"

namespace scarp::geo {
namespace {

TEST(TilePlan, SmallRasterIsCutAsDrawn) {
  // 10 columns, tiles of 6 that share 2: cores of 4 begin at 0, 4, 8; windows one pixel before.
  const TilePlan plan(3, 10, {6, 2});
  EXPECT_EQ(plan.tile_rows(), 1);
  EXPECT_EQ(plan.tile_cols(), 3);
  EXPECT_EQ(plan.tile(0, 0).window, (Window{-1, -1, 6, 6}));
  EXPECT_EQ(plan.tile(0, 0).core, (Window{0, 0, 3, 4}));
  EXPECT_EQ(plan.tile(0, 2).window, (Window{-1, 7, 6, 6}));
  EXPECT_EQ(plan.tile(0, 2).core, (Window{0, 8, 3, 2}));
}

TEST(TilePlan, CoresCoverTheRasterExactlyOnce) {
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    const int overlap = 2 * static_cast<int>(random() % 8);
    const int tile = overlap + 1 + static_cast<int>(random() % 20);
    const std::int64_t rows = 1 + random() % 70;
    const std::int64_t cols = 1 + random() % 70;
    const TilePlan plan(rows, cols, {tile, overlap});
    std::vector<int> seen(static_cast<std::size_t>(rows * cols));
    for (std::int64_t i = 0; i < plan.tile_rows(); ++i) {
      for (std::int64_t j = 0; j < plan.tile_cols(); ++j) {
        const PlannedTile planned = plan.tile(i, j);
        EXPECT_EQ(planned.window.rows, tile);
        EXPECT_EQ(planned.window.cols, tile);
        EXPECT_TRUE(planned.window.contains(planned.core));
        EXPECT_FALSE(planned.core.empty());
        for (std::int64_t r = planned.core.row; r < planned.core.row_end(); ++r) {
          for (std::int64_t c = planned.core.col; c < planned.core.col_end(); ++c)
            ++seen[static_cast<std::size_t>(r * cols + c)];
        }
      }
    }
    for (const int count : seen) ASSERT_EQ(count, 1);
  }
}

TEST(TilePlan, LatticeCoveringIsWhatALookAtEveryTileFinds) {
  std::mt19937 random(11);
  for (int round = 0; round < 200; ++round) {
    const int overlap = 2 * static_cast<int>(random() % 10);
    const TilePlan plan(40 + random() % 30, 40 + random() % 30,
                        {overlap + 1 + static_cast<int>(random() % 16), overlap});
    const Window area{
        static_cast<std::int64_t>(random() % 80) - 10, static_cast<std::int64_t>(random() % 80) - 10,
        1 + static_cast<std::int64_t>(random() % 30), 1 + static_cast<std::int64_t>(random() % 30)};
    const Window raster{0, 0, 1000, 1000};
    const Window lattice = plan.lattice_covering(area);
    // The raster's own size is not told; what is beyond it belongs to no core.
    Window whole;
    for (std::int64_t i = 0; i < plan.tile_rows(); ++i) {
      for (std::int64_t j = 0; j < plan.tile_cols(); ++j) whole = enclosing(whole, plan.tile(i, j).core);
    }
    const Window inside = intersection(intersection(area, raster), whole);
    for (std::int64_t i = 0; i < plan.tile_rows(); ++i) {
      for (std::int64_t j = 0; j < plan.tile_cols(); ++j) {
        const bool reaches = !inside.empty() && !intersection(plan.tile(i, j).window, inside).empty();
        EXPECT_EQ(reaches, lattice.contains({i, j, 1, 1})) << i << " " << j;
      }
    }
  }
}

TEST(TilePlan, AnAreaOutsideTheRasterNeedsNoTile) {
  EXPECT_TRUE(TilePlan(100, 100, {32, 8}).lattice_covering({100, 0, 10, 10}).empty());
}

TEST(TilePlan, OptionsThatCannotBeAreRefused) {
  for (const TilePlanOptions& options :
       {TilePlanOptions{64, 64}, TilePlanOptions{64, 31}, TilePlanOptions{64, -2}, TilePlanOptions{0, 0}}) {
    test::expect_fault(Fault::bad_argument, "the overlap must be even", [&] { options.check(); });
  }
  test::expect_fault(Fault::bad_argument, "0 x 5 pixels cannot be cut", [] { TilePlan(0, 5, {32, 8}); });
  test::expect_fault(Fault::bad_argument, "is outside the lattice of 2 x 2", [] {
    TilePlan(40, 40, {32, 8}).tile(2, 0);
  });
}

}  // namespace
}  // namespace scarp::geo

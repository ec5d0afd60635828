// SPDX-License-Identifier: Apache-2.0
#include "pipelines/mapping/mosaic.h"

#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace scarp::pipelines {
namespace {

/// A map that is made in one go: what comes out of the sink, laid down whole.
struct WholeMap {
  std::vector<std::uint8_t> classes, probability, certainty;
  std::int64_t next_row = 0;
  Mosaic::Sink sink() {
    return [this](const MapRows& rows) {
      EXPECT_EQ(rows.row, next_row) << "rows must come from top to bottom without a gap";
      next_row = rows.row + rows.rows;
      classes.insert(classes.end(), rows.classes.begin(), rows.classes.end());
      probability.insert(probability.end(), rows.probability.begin(), rows.probability.end());
      certainty.insert(certainty.end(), rows.certainty.begin(), rows.certainty.end());
    };
  }
};

/// Logits of a pixel that depend on its place alone: 0 and `of_landslide(row, col)`.
template <typename F>
WholeMap blend(std::int64_t rows,
               std::int64_t cols,
               const geo::TilePlanOptions& options,
               const geo::Window& area,
               F of_landslide) {
  const geo::TilePlan plan(rows, cols, options);
  WholeMap map;
  map.next_row = area.row;
  Mosaic mosaic(plan, area, 2, map.sink());
  const geo::Window lattice = plan.lattice_covering(area);
  const auto tile_pixels = static_cast<std::size_t>(options.tile_px * options.tile_px);
  for (std::int64_t i = lattice.row; i < lattice.row_end(); ++i) {
    for (std::int64_t j = lattice.col; j < lattice.col_end(); ++j) {
      const geo::Window window = plan.tile(i, j).window;
      std::vector<float> logits(2 * tile_pixels, 0.0f);
      std::vector<std::uint8_t> valid(tile_pixels, 0);
      for (std::size_t p = 0; p < tile_pixels; ++p) {
        const std::int64_t row = window.row + static_cast<std::int64_t>(p) / window.cols;
        const std::int64_t col = window.col + static_cast<std::int64_t>(p) % window.cols;
        if (row < 0 || col < 0 || row >= rows || col >= cols) continue;
        valid[p] = 1;
        logits[tile_pixels + p] = of_landslide(row, col);
      }
      mosaic.add(i, j, logits, valid);
    }
    mosaic.finish_lattice_row(i);
  }
  return map;
}

TEST(Mosaic, ReturnsTheClassOfEveryPixelWhereTilesAgree) {
  const auto chequered = [](std::int64_t row, std::int64_t col) {
    return (row / 5 + col / 7) % 2 == 0 ? 3.0f : -3.0f;
  };
  const WholeMap map = blend(100, 75, {32, 8}, {0, 0, 100, 75}, chequered);
  ASSERT_EQ(map.classes.size(), 7500u);
  for (std::int64_t row = 0; row < 100; ++row) {
    for (std::int64_t col = 0; col < 75; ++col) {
      ASSERT_EQ(map.classes[static_cast<std::size_t>(row * 75 + col)], chequered(row, col) > 0 ? 1 : 0)
          << row << ", " << col;
    }
  }
}

TEST(Mosaic, WritesProbabilityInStepsOf254) {
  const WholeMap even = blend(40, 40, {32, 8}, {0, 0, 40, 40}, [](auto, auto) { return 0.0f; });
  EXPECT_EQ(even.probability.front(), 127);
  const WholeMap certain = blend(40, 40, {32, 8}, {0, 0, 40, 40}, [](auto, auto) { return 60.0f; });
  EXPECT_EQ(certain.probability.front(), 254);
  const WholeMap never = blend(40, 40, {32, 8}, {0, 0, 40, 40}, [](auto, auto) { return -60.0f; });
  EXPECT_EQ(never.probability.front(), 0);
}

// ln 9 is nine to one: 0.9 of 254 is 228.6, and a class is never said to be surer than it is.
TEST(Mosaic, CertaintyIsThatOfTheClassWhicheverItIsRoundedDown) {
  const auto odds = [](std::int64_t, std::int64_t col) {
    return std::array{-std::log(9.0f), 0.0f, std::log(9.0f)}[static_cast<std::size_t>(col % 3)];
  };
  const WholeMap map = blend(4, 6, {4, 0}, {0, 0, 4, 6}, odds);
  EXPECT_EQ(std::vector(map.certainty.begin(), map.certainty.begin() + 3),
            (std::vector<std::uint8_t>{228, 127, 228}));
  EXPECT_EQ(std::vector(map.classes.begin(), map.classes.begin() + 3), (std::vector<std::uint8_t>{0, 0, 1}));
}

TEST(Mosaic, OfThreeClassesCertaintyIsNotThatOfTheTwoThatAreNotBackground) {
  const geo::TilePlan plan(1, 1, {1, 0});
  WholeMap map;
  Mosaic mosaic(plan, {0, 0, 1, 1}, 3, map.sink());
  mosaic.add(0, 0, std::vector<float>{0, std::log(6.0f), std::log(3.0f)}, std::vector<std::uint8_t>{1});
  mosaic.finish_lattice_row(0);
  EXPECT_EQ(map.probability, (std::vector<std::uint8_t>{229}));  // 9 of 10
  EXPECT_EQ(map.certainty, (std::vector<std::uint8_t>{152}));    // 6 of 10
}

TEST(Mosaic, AnAreaShowsTheSamePixelsAsTheWhole) {
  std::mt19937 random(3);
  std::vector<float> noise(120 * 90);
  for (float& n : noise) n = static_cast<float>(random() % 1000) / 100 - 5;
  const auto at = [&](std::int64_t row, std::int64_t col) {
    return noise[static_cast<std::size_t>(row * 90 + col)];
  };
  const WholeMap whole = blend(120, 90, {32, 12}, {0, 0, 120, 90}, at);
  const geo::Window area{37, 21, 50, 33};
  const WholeMap part = blend(120, 90, {32, 12}, area, at);
  ASSERT_EQ(part.classes.size(), static_cast<std::size_t>(area.pixels()));
  for (std::int64_t row = 0; row < area.rows; ++row) {
    for (std::int64_t col = 0; col < area.cols; ++col) {
      const auto in_part = static_cast<std::size_t>(row * area.cols + col);
      const auto in_whole = static_cast<std::size_t>((row + area.row) * 90 + col + area.col);
      ASSERT_EQ(part.probability[in_part], whole.probability[in_whole]);
    }
  }
}

TEST(Mosaic, BlendsLinearlyOverTheOverlap) {
  // Two tiles of 8 that share 4 columns; the left one says +4, the right one -4: in between the logit falls
  // in equal steps.
  const geo::TilePlan plan(4, 8, {8, 4});
  WholeMap map;
  Mosaic mosaic(plan, {0, 0, 4, 8}, 2, map.sink());
  const std::vector<std::uint8_t> valid(64, 1);
  for (std::int64_t j = 0; j < 2; ++j) {
    std::vector<float> logits(128, 0.0f);
    std::fill(logits.begin() + 64, logits.end(), j == 0 ? 4.0f : -4.0f);
    mosaic.add(0, j, logits, valid);
  }
  mosaic.finish_lattice_row(0);
  // tiles begin at columns -2 and 2: columns 0, 1 are the left one's, 2..5 are shared with weights 7/8, 5/8,
  // 3/8, 1/8, 6, 7 the right one's
  const std::vector<std::uint8_t> first_row(map.probability.begin(), map.probability.begin() + 8);
  EXPECT_EQ(first_row, (std::vector<std::uint8_t>{249, 249, 242, 186, 68, 12, 5, 5}));
}

TEST(Mosaic, APixelThatNoTileHoldsIsNodata) {
  const geo::TilePlan plan(8, 8, {8, 4});
  WholeMap map;
  Mosaic mosaic(plan, {0, 0, 8, 8}, 2, map.sink());
  for (std::int64_t i = 0; i < plan.tile_rows(); ++i) mosaic.finish_lattice_row(i);
  EXPECT_EQ(map.classes, std::vector<std::uint8_t>(64, kNoClass));
  EXPECT_EQ(map.probability, std::vector<std::uint8_t>(64, kNoProbability));
}

TEST(Mosaic, LogitsThatAreNotFiniteBecomeNodataAndAreCounted) {
  const geo::TilePlan plan(8, 8, {16, 8});
  WholeMap map;
  Mosaic mosaic(plan, {0, 0, 8, 8}, 2, map.sink());
  std::vector<float> logits(512, 1.0f);
  logits[256 + 4 * 16 + 4] =
      std::numeric_limits<float>::quiet_NaN();  // tile begins at (-4, -4): this is pixel (0, 0)
  mosaic.add(0, 0, logits, std::vector<std::uint8_t>(256, 1));
  mosaic.finish_lattice_row(0);
  EXPECT_EQ(map.classes[0], kNoClass);
  EXPECT_NE(map.classes[1], kNoClass);
  EXPECT_EQ(mosaic.not_finite(), 1);
}

}  // namespace
}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#include "pipelines/evaluation/evaluate_bootstrap.h"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "pipelines/error.h"
#include "tests/support/ascii_raster.h"

namespace scarp::pipelines {
namespace {

GroundCounts counts(std::int64_t hit, std::int64_t false_alarm, std::int64_t missed, std::int64_t quiet) {
  GroundCounts block;
  block.pixels = {hit, false_alarm, missed, quiet};
  return block;
}

/// Squares of random quality: half of the landslide pixels found, give or take.
std::vector<GroundCounts> random_blocks(int number, std::mt19937_64& random) {
  std::vector<GroundCounts> blocks;
  for (int i = 0; i < number; ++i) {
    const auto hit = static_cast<std::int64_t>(random() % 100);
    blocks.push_back(counts(hit, static_cast<std::int64_t>(random() % 50), 100 - hit, 1000));
  }
  return blocks;
}

TEST(GroundBlocks, CutTheGroundAtTheLatticeOfTheGrid) {
  const geo::Window window = {3, 1, 2, 5};  // row, col, rows, cols: rows 3 and 4, columns 1 to 5
  GroundBlocks blocks(window, 4);
  const auto map = test::ascii_raster("##..#\n#?...").pixels;
  const auto truth = test::ascii_raster("#...#\n##..?").pixels;
  blocks.add_pixels(window, map, truth);
  blocks.add_probabilities(window, map, truth, std::vector<float>(10, 0.25F),
                           {{1, 1, 1, 1, 1, 1, 1, 1, 0, 1}});
  const std::vector<GroundCounts> found = blocks.blocks();
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0].pixels.true_positive, 1);
  EXPECT_EQ(found[0].pixels.false_positive, 1);
  EXPECT_EQ(found[0].pixels.total(), 3);
  EXPECT_EQ(found[1].pixels.true_positive, 1);
  EXPECT_EQ(found[1].pixels.total(), 2);
  EXPECT_EQ(found[2].pixels.total(), 2);
  EXPECT_EQ(found[3].pixels.total(), 1);
  EXPECT_EQ(found[2].calibration.pixels(), 2);
  EXPECT_EQ(found[3].calibration.pixels(), 0);
}

TEST(GroundBlocks, LeaveOutGroundWithoutComparedPixels) {
  const geo::Window window = {0, 0, 1, 4};
  GroundBlocks blocks(window, 2);
  blocks.add_pixels(window, test::ascii_raster("##..").pixels, test::ascii_raster("??.#").pixels);
  EXPECT_EQ(blocks.blocks().size(), 1U);
}

TEST(GroundBlocks, RefuseASideWithoutPixels) {
  try {
    GroundBlocks blocks({0, 0, 1, 1}, 0);
    ADD_FAILURE() << "not refused";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("at least 1 pixel"), std::string::npos) << error.what();
  }
}

TEST(Bootstrap, IsTheSameForTheSameSeedAndAnotherForAnother) {
  std::mt19937_64 ground(1);
  const std::vector<GroundCounts> blocks = random_blocks(30, ground);
  const auto f1_of = [&](std::uint64_t seed) {
    std::mt19937_64 random(seed);
    return bootstrap(blocks, {}, 200, random).scores.at("f1");
  };
  EXPECT_EQ(f1_of(5).low, f1_of(5).low);
  EXPECT_EQ(f1_of(5).high, f1_of(5).high);
  EXPECT_NE(f1_of(5).low, f1_of(6).low);
}

TEST(Bootstrap, HasNoWidthWhereAllGroundIsAlike) {
  const std::vector<GroundCounts> blocks(12, counts(30, 10, 20, 40));
  std::mt19937_64 random(1);
  const Bootstrap found = bootstrap(blocks, {}, 100, random);
  EXPECT_EQ(found.blocks, 12);
  EXPECT_EQ(found.draws, 100);
  EXPECT_DOUBLE_EQ(found.scores.at("f1").low, 60.0 / 90);
  EXPECT_DOUBLE_EQ(found.scores.at("f1").high, 60.0 / 90);
  EXPECT_FALSE(found.scores.contains("ece")) << "no probabilities";
}

TEST(Bootstrap, IsAsWideAsTheSpreadOfAMeanOverBlocks) {
  // Accuracy of blocks of equal size is a mean over blocks: its spread is known.
  std::mt19937_64 random(3);
  std::vector<GroundCounts> blocks;
  double sum = 0, squares = 0;
  constexpr int kBlocks = 100;
  for (int i = 0; i < kBlocks; ++i) {
    const auto right = static_cast<std::int64_t>(random() % 101);
    blocks.push_back(counts(right, 0, 100 - right, 0));
    sum += static_cast<double>(right) / 100;
    squares += static_cast<double>(right * right) / 10000;
  }
  const double mean = sum / kBlocks;
  const double spread = std::sqrt((squares / kBlocks - mean * mean) / kBlocks);
  const Interval found = bootstrap(blocks, {}, 4000, random).scores.at("accuracy");
  EXPECT_NEAR(found.low, mean - 1.96 * spread, 0.15 * spread);
  EXPECT_NEAR(found.high, mean + 1.96 * spread, 0.15 * spread);
}

TEST(Bootstrap, CoversTheTruthAboutNineteenTimesInTwenty) {
  // Ground of which half is right; 200 samples of 40 blocks each.
  int covered = 0;
  std::mt19937_64 random(11);
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<GroundCounts> blocks;
    for (int i = 0; i < 40; ++i) {
      const auto right = static_cast<std::int64_t>(random() % 101);
      blocks.push_back(counts(right, 0, 100 - right, 0));
    }
    const Interval found = bootstrap(blocks, {}, 300, random).scores.at("recall");
    covered += found.low <= 0.5 && 0.5 <= found.high ? 1 : 0;
  }
  EXPECT_GE(covered, 180);
  EXPECT_LE(covered, 199);
}

TEST(Bootstrap, PairsTwoMapsOnTheSameDraws) {
  std::mt19937_64 random(2);
  const std::vector<GroundCounts> worse = random_blocks(50, random);
  std::vector<GroundCounts> better = worse;
  for (GroundCounts& block : better) {
    const std::int64_t gained = std::min<std::int64_t>(2, block.pixels.false_negative);
    block.pixels.true_positive += gained;
    block.pixels.false_negative -= gained;
  }
  const Bootstrap found = bootstrap(better, worse, 500, random);
  const Interval f1 = found.differences.at("f1");
  EXPECT_GT(f1.low, 0) << "better on every square";
  EXPECT_LT(f1.high - f1.low, 0.2 * (found.scores.at("f1").high - found.scores.at("f1").low));
}

TEST(Bootstrap, LeavesOutDrawsWithoutLabelledLandslides) {
  std::vector<GroundCounts> blocks(3, counts(0, 5, 0, 95));
  blocks.push_back(counts(50, 0, 0, 50));
  std::mt19937_64 random(4);
  const Bootstrap found = bootstrap(blocks, {}, 1000, random);
  EXPECT_NEAR(found.draws, 1000 * (1 - std::pow(0.75, 4)), 60);
  EXPECT_GT(found.scores.at("f1").low, 0.5);
}

TEST(Bootstrap, SaysNothingFromOneBlock) {
  std::mt19937_64 random(1);
  const Bootstrap found = bootstrap(std::vector{counts(1, 1, 1, 1)}, {}, 100, random);
  EXPECT_EQ(found.blocks, 1);
  EXPECT_TRUE(found.scores.empty());
}

TEST(Bootstrap, RefusesMapsOfDifferentGround) {
  const std::vector<GroundCounts> two(2), three(3);
  std::mt19937_64 random(1);
  try {
    bootstrap(two, three, 10, random);
    ADD_FAILURE() << "not refused";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("one has 2 blocks, the other 3"), std::string::npos);
  }
}

TEST(Bootstrap, RefusesANegativeNumberOfDraws) {
  const std::vector<GroundCounts> two(2);
  std::mt19937_64 random(1);
  EXPECT_THROW(bootstrap(two, {}, -1, random), Error);
}

}  // namespace
}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#include "pipelines/comparison/block_scores.h"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "geo/feature_file_gdal.h"
#include "pipelines/error.h"
#include "tests/support/fake_segmenter.h"
#include "tests/support/scene_files.h"
#include "tests/support/test_files.h"

namespace scarp::pipelines {
namespace {

/// Pixels whose label is drawn with the probability that the margin says, the margin then made `sure` times
/// too large: dividing by `sure` mends it.
MarginHistogram overconfident(double sure, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  MarginHistogram margins;
  for (int i = 0; i < 200000; ++i) {
    const double margin = 4.0 * (static_cast<double>(random() >> 11) * 0x1p-53 - 0.5);
    const bool landslide = static_cast<double>(random() >> 11) * 0x1p-53 < 1 / (1 + std::exp(-margin));
    margins.add(sure * margin, landslide);
  }
  return margins;
}

TEST(MarginHistogram, FindsTheTemperatureThatWasPutIn) {
  EXPECT_NEAR(overconfident(1, 1).best_temperature(), 1, 0.03);
  EXPECT_NEAR(overconfident(3, 2).best_temperature(), 3, 0.1);
  EXPECT_NEAR(overconfident(0.5, 3).best_temperature(), 0.5, 0.03);
  EXPECT_EQ(MarginHistogram().best_temperature(), 1);
}

TEST(MarginHistogram, TheRightTemperatureCalibratesPixelsThatItDidNotSee) {
  const double temperature = overconfident(3, 2).best_temperature();
  const MarginHistogram others = overconfident(3, 4);
  EXPECT_GT(others.calibration_error(1), 0.08);
  EXPECT_LT(others.calibration_error(temperature), 0.01);
}

TEST(MarginHistogram, AveragePrecisionFollowsTheOrderAlone) {
  MarginHistogram margins;
  EXPECT_EQ(margins.average_precision(), -1);
  for (const auto& [margin, landslide] : {std::pair{3.0, true}, {2.0, false}, {1.0, true}, {-1.0, false}})
    margins.add(margin, landslide);
  EXPECT_DOUBLE_EQ(margins.average_precision(), (1.0 / 1 + 2.0 / 3) / 2);
  MarginHistogram tied;
  for (int i = 0; i < 4; ++i) tied.add(0.1, i == 0);
  EXPECT_DOUBLE_EQ(tied.average_precision(), 0.25);  // knows nothing: the share of landslide
}

TEST(MarginHistogram, SumsAreThoseOfTheParts) {
  MarginHistogram sum = overconfident(1, 5);
  sum.add(overconfident(1, 6));
  std::int64_t pixels = 0;
  for (const auto& counts : {sum.background, sum.landslide})
    for (const std::int64_t n : counts) pixels += n;
  EXPECT_EQ(pixels, 400000);
}

/// A scene whose left half is bright, with one labelled square over the border of the halves: rows 32 to 63,
/// columns 48 to 79; landslide there from column 56 on.
class BlockScoresTest : public testing::Test {
 protected:
  BlockScoresTest() {
    const geo::Grid grid = test::utm_grid(128, 128, 10);
    test::write_image(folder_.file("hrsi.tif"), grid,
                      [](std::int64_t, std::int64_t col) { return col < 64 ? 200 : 50; });
    test::write_hills(folder_.file("dem.tif"), grid);
    const auto box = [&](double row, double col, double rows, double cols) {
      const auto corner = [&](double r, double c) { return grid.map_from_pixel({r, c}); };
      return geo::Polygon{{corner(row, col), corner(row, col + cols), corner(row + rows, col + cols),
                           corner(row + rows, col), corner(row, col)},
                          {}};
    };
    const std::vector<geo::FeatureLayer> layers = {
        {"landslides", grid.crs, {{{box(32, 56, 32, 24)}, 1, "landslide"}}},
        {"labelled_area", grid.crs, {{{box(32, 48, 32, 32)}, 1, ""}}}};
    geo::write_features(folder_.file("labels.gpkg"), layers, false);
  }

  BlockScores scores_of(const nn::Segmenter& segmenter) const {
    RunSettings settings;
    SceneSettings scene;
    scene.paths = {"test", folder_.file("hrsi.tif"), folder_.file("dem.tif"), folder_.file("labels.gpkg"),
                   ""};
    scene.use = SceneUse::validation;
    settings.scenes = {scene};
    settings.terrain = {"slope"};
    settings.sample_side = 64;
    settings.block_side = 32;
    auto scenes = open_training_scenes(settings);
    BlockSamples samples(scenes, settings, BlockSamples::Purpose::validation);
    return score_blocks(segmenter, samples, 2, {});
  }

  test::TempFolder folder_;
};

TEST_F(BlockScoresTest, AreTheCountsOfTheBlockAlone) {
  const BlockScores scores = scores_of(test::ThresholdSegmenter(test::small_card()));
  ASSERT_EQ(scores.blocks.size(), 1U);
  EXPECT_EQ(scores.blocks[0].scene, "test");
  const BinaryCounts& pixels = scores.blocks[0].counts.pixels;
  EXPECT_EQ(pixels.true_positive, 32 * 8);
  EXPECT_EQ(pixels.false_positive, 32 * 8);
  EXPECT_EQ(pixels.false_negative, 32 * 16);
  EXPECT_EQ(pixels.true_negative, 0);
  // the label's one inner outline is at column 56, the map's at column 63
  EXPECT_EQ(scores.blocks[0].counts.outline.labelled, 32);
  EXPECT_EQ(scores.blocks[0].counts.outline.predicted, 32);
  EXPECT_EQ(scores.blocks[0].counts.outline.labelled_near, 0);
  std::int64_t landslides = 0;
  for (const std::int64_t n : scores.margins[0].landslide) landslides += n;
  EXPECT_EQ(landslides, 32 * 24);
}

TEST_F(BlockScoresTest, OfANetworkWhoseAnswerIsNoNumberThereAreNone) {
  const test::ThresholdSegmenter broken(test::small_card(), std::numeric_limits<float>::quiet_NaN());
  try {
    scores_of(broken);
    ADD_FAILURE() << "scored";
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::contradiction);
    EXPECT_NE(std::string(error.what()).find("answer on block 0 of scene test is not a number"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace scarp::pipelines

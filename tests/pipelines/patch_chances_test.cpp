// SPDX-License-Identifier: Apache-2.0
#include "pipelines/pretraining/patch_chances.h"

#include <cmath>

#include <gtest/gtest.h>

#include "nn/learner.h"
#include "tests/support/ascii_raster.h"

namespace scarp::pipelines {
namespace {

using test::ascii_raster;

TEST(PatchChances, SharesOfAPatchCountLabelledPixelsOnly) {
  const auto labels = ascii_raster(R"(
    ##..
    #?..
    ....
    ..??
  )");
  EXPECT_EQ(class_shares(labels.pixels, {2, 2, 2}), (std::vector<float>{0, 0.75F, 1, 0, 1, 0, 0.5F, 0}));
}

TEST(PatchChances, ABorderRunsHalfWayBetweenTheMiddlesOfTwoPatches) {
  // 2 x 2 patches of four pixels: the left ones are background, the right ones landslide
  const std::vector<float> chances = {1, 0, 0, 1, 1, 0, 0, 1};
  EXPECT_EQ(classes_between_patches(chances, std::vector<std::uint8_t>(4, 1), {2, 4, 2}), ascii_raster(R"(
              ....####
              ....####
              ....####
              ....####
              ....####
              ....####
              ....####
              ....####
            )")
                                                                                              .pixels);
}

TEST(PatchChances, AWeakerPatchGivesGroundToItsNeighbour) {
  const std::vector<float> chances = {0.6F, 0.4F, 0, 1, 0.6F, 0.4F, 0, 1};
  EXPECT_EQ(classes_between_patches(chances, std::vector<std::uint8_t>(4, 1), {2, 4, 2}), ascii_raster(R"(
              ...#####
              ...#####
              ...#####
              ...#####
              ...#####
              ...#####
              ...#####
              ...#####
            )")
                                                                                              .pixels);
}

TEST(PatchChances, PatchesThatAreNotWholeSayNothing) {
  const std::vector<float> chances = {1, 0, 0, 1, 1, 0, 0, 1};
  EXPECT_EQ(classes_between_patches(chances, std::vector<std::uint8_t>{0, 1, 0, 0}, {2, 2, 2}),
            ascii_raster(R"(
              .###
              .###
              .###
              ....
            )")
                .pixels);
}

TEST(PatchChances, StatisticsAreMeanAndDeviationOfEachChannelAndZeroWithoutData) {
  // four patches of one pixel, then one of four
  const std::vector<float> optical = {1, 2, 3, 4}, terrain = {5, 6, 7, 8};
  const std::vector<std::uint8_t> valid = {1, 1, 0, 1}, terrain_valid = {1, 1, 1, 0};
  const WindowPatches pixels = patch_statistics({optical, terrain, valid, terrain_valid}, {2, 1, 2});
  EXPECT_EQ(pixels.whole, (std::vector<std::uint8_t>{1, 1, 0, 0}));
  EXPECT_EQ(pixels.values, (std::vector<float>{1, 0, 5, 0, 2, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  const std::vector<std::uint8_t> all(4, 1);
  const WindowPatches whole = patch_statistics({optical, {}, all, {}}, {1, 2, 2});
  EXPECT_EQ(whole.values, (std::vector<float>{2.5F, std::sqrt(1.25F)}));
}

}  // namespace
}  // namespace scarp::pipelines

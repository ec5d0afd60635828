// SPDX-License-Identifier: Apache-2.0
#include "nn/training/augmentation.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <set>

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "nn/error.h"
#include "tests/support/golden_tensors.h"
#include "tests/support/toy_training.h"

namespace scarp::nn {
namespace {

const std::vector<ChannelSpec> kTurnable = {{"gradient_north", "1", 0, 1},
                                            {"slope", "degree", 0, 1},
                                            {"gradient_east", "1", 0, 1},
                                            {"eastness", "1", 0, 1},
                                            {"northness", "1", 0, 1}};

// What the named channels hold on a surface [S, S], by differences: columns grow to the east, rows to the
// south.
at::Tensor derived(const at::Tensor& surface) {
  const auto inner = [](const at::Tensor& x) { return x.slice(0, 1, -1).slice(1, 1, -1); };
  const auto east = inner((surface.roll(-1, 1) - surface.roll(1, 1)) / 2);
  const auto north = inner((surface.roll(1, 0) - surface.roll(-1, 0)) / 2);
  const auto steepness = (east * east + north * north).sqrt();
  return torch::stack({north, steepness, east, -east / steepness, -north / steepness});
}

at::Tensor hill() {
  const auto row = torch::arange(10, torch::kFloat64).view({-1, 1});
  const auto col = torch::arange(10, torch::kFloat64).view({1, -1});
  return 0.7 * col - 0.3 * row + 0.05 * col * row + 0.02 * row * row * row;
}

TEST(TerrainTurner, TurnedChannelsAreThoseOfTheTurnedSurface) {
  const TerrainTurner turner(kTurnable);
  for (int choice = 0; choice < 8; ++choice) {
    const Turn turn{choice % 4, choice >= 4};
    EXPECT_LT(test::largest_difference(turner(derived(hill()), turn), derived(turn_pixels(hill(), turn))),
              1e-12)
        << choice;
  }
}

TEST(TerrainTurner, TheEightTurnsDiffer) {
  std::set<std::string> seen;
  for (int choice = 0; choice < 8; ++choice) {
    const auto turned = turn_pixels(torch::arange(4).view({2, 2}), {choice % 4, choice >= 4}).contiguous();
    std::string text;
    for (int i = 0; i < 4; ++i) text += std::to_string(turned.view(-1)[i].item<int>());
    seen.insert(text);
  }
  EXPECT_EQ(seen.size(), 8U);
}

TEST(TerrainTurner, DoesNotChangeWhatItWasGiven) {
  const auto planes = derived(hill());
  const auto before = planes.clone();
  TerrainTurner{kTurnable}(planes, {1, true});
  EXPECT_TRUE(test::same_bits(planes, before));
}

TEST(TerrainTurner, RefusesChannelsThatCannotBeTurned) {
  for (const std::string name : {"hillshade", "aspect"}) {
    const auto [fault, text] = test::nn_error_of([&] { TerrainTurner turner({{name, "1", 0, 1}}); });
    EXPECT_EQ(fault, Fault::bad_argument);
    EXPECT_THAT(text, testing::HasSubstr(name));
    EXPECT_THAT(text, testing::HasSubstr("flips"));
  }
}

TEST(TerrainTurner, RefusesHalfAPair) {
  for (const std::string name : {"gradient_east", "gradient_north", "eastness", "northness"}) {
    const auto [fault, text] = test::nn_error_of([&] { TerrainTurner turner({{name, "1", 0, 1}}); });
    EXPECT_EQ(fault, Fault::bad_argument);
    EXPECT_THAT(text, testing::HasSubstr("together"));
  }
}

TEST(Warp, AQuarterOfATurnIsTheExactTurn) {
  auto planes = torch::arange(32, torch::kFloat32).view({2, 4, 4});
  auto valid = torch::ones({1, 4, 4}, torch::kUInt8);
  const auto expected = turn_pixels(planes, {1, false});
  const auto labels = torch::arange(16, torch::kUInt8).view({4, 4});
  const Warp quarter{std::numbers::pi / 2, 1};
  warp_pixels(planes, valid, quarter);
  EXPECT_LT(test::largest_difference(planes, expected), 1e-5);
  EXPECT_TRUE(torch::equal(valid, torch::ones_like(valid)));
  EXPECT_TRUE(torch::equal(warp_labels(labels, quarter, 255), turn_pixels(labels, {1, false})));
}

TEST(Warp, AVectorTurnsWithThePixels) {
  const TerrainTurner turner(kTurnable);
  const auto planes = derived(hill());
  EXPECT_LT(
      test::largest_difference(turner.rotate_vectors(turn_pixels(planes, {1, false}), std::numbers::pi / 2),
                               turner(planes, {1, false})),
      1e-12);
}

// 1 2 3 4      2 2 3 3
// in each   -> in each row: a zoom of two shows the middle half
TEST(Warp, AZoomShowsTheMiddleLarger) {
  const auto labels = torch::tensor({1, 2, 3, 4}, torch::kUInt8).repeat({4, 1});
  EXPECT_TRUE(torch::equal(warp_labels(labels, {0, 2}, 255),
                           torch::tensor({2, 2, 3, 3}, torch::kUInt8).repeat({4, 1})));
}

TEST(Warp, WhatIsNotValidTakesNoPartAndWhatLiesBeyondIsNotValid) {
  auto planes = torch::full({1, 16, 16}, 5.0F);
  auto valid = torch::ones({1, 16, 16}, torch::kUInt8);
  planes[0][8][8] = std::numeric_limits<float>::quiet_NaN();
  valid[0][8][8] = 0;
  warp_pixels(planes, valid, {0.3, 0.8});
  const auto seen = planes.masked_select(valid > 0);
  EXPECT_LT((seen - 5).abs().max().item<double>(), 1e-4);
  EXPECT_EQ(valid[0][0][0].item<int>(), 0);
  EXPECT_TRUE(
      torch::equal(planes.masked_select(valid == 0), torch::zeros_like(planes.masked_select(valid == 0))));
  EXPECT_EQ(warp_labels(torch::ones({16, 16}, torch::kUInt8), {0.3, 0.8}, 255)[0][0].item<int>(), 255);
}

TEST(Jitter, StaysWithinItsStrengthAndUsesIt) {
  double least = 1e9, most = -1e9;
  for (int index = 0; index < 200; ++index) {
    auto random = sample_generator(5, 0, index);
    const auto changed = jitter(torch::tensor({0.0, 1.0}, torch::kFloat64), 0.1, random);
    const double brightness = changed[0].item<double>();
    const double contrast = changed[1].item<double>() - brightness;
    EXPECT_LE(std::abs(brightness), 0.1);
    EXPECT_LE(std::abs(contrast - 1), 0.1 + 1e-12);
    least = std::min(least, brightness);
    most = std::max(most, brightness);
  }
  EXPECT_LT(least, -0.08);
  EXPECT_GT(most, 0.08);
}

TEST(SampleGenerator, DependsOnSeedPassAndIndexAndOnNothingElse) {
  std::set<std::uint64_t> first;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    for (int epoch = 0; epoch < 3; ++epoch) {
      for (int index = -2; index < 3; ++index) first.insert(sample_generator(seed, epoch, index)());
    }
  }
  EXPECT_EQ(first.size(), 45U);
  EXPECT_EQ(sample_generator(1, 2, 3)(), sample_generator(1, 2, 3)());
}

}  // namespace
}  // namespace scarp::nn

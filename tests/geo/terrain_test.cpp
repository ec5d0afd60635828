// SPDX-License-Identifier: Apache-2.0
#include "geo/terrain.h"

#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/memory_scene.h"

namespace scarp::geo {
namespace {

struct Elevation {
  Window window;
  std::vector<float> metres;
  std::vector<std::uint8_t> valid;
  double x_m = 1;
  double y_m = 1;
  Window raster;
};

struct Terrain {
  std::vector<float> values;
  std::vector<std::uint8_t> valid;
};

Terrain derive(const Elevation& elevation, const Window& core, const std::vector<TerrainChannel>& channels) {
  Terrain terrain;
  terrain.values.resize(static_cast<std::size_t>(core.pixels()) * channels.size());
  terrain.valid.resize(static_cast<std::size_t>(core.pixels()));
  derive_terrain(
      {elevation.window, elevation.metres, elevation.valid, elevation.x_m, elevation.y_m, elevation.raster},
      core, channels, terrain.values, terrain.valid);
  return terrain;
}

/// A 3 x 3 piece; what comes out of its centre.
float centre(const std::vector<float>& metres, TerrainKind kind, double pixel = 1) {
  const Elevation elevation{{0, 0, 3, 3}, metres, std::vector<std::uint8_t>(9, 1), pixel, pixel, {}};
  return derive(elevation, {1, 1, 1, 1}, {{kind, 0}}).values[0];
}

/// A plane that rises `east` metres a metre towards east and `north` towards north, pixel size 2 m.
std::vector<float> plane(float east, float north) {
  std::vector<float> metres;
  for (int row = 0; row < 3; ++row) {
    for (int col = 0; col < 3; ++col)
      metres.push_back(100 + 2 * east * static_cast<float>(col) - 2 * north * static_cast<float>(row));
  }
  return metres;
}

std::vector<TerrainChannel> all_channels() {
  std::vector<TerrainChannel> channels;
  for (const char* name :
       {"elevation", "relative_elevation_3", "relative_elevation_9", "slope", "aspect", "northness",
        "eastness", "gradient_east", "gradient_north", "profile_curvature", "plan_curvature", "hillshade"}) {
    channels.push_back(parse_terrain_channel(name));
  }
  return channels;
}

Elevation random_elevation(const Window& window, double holes, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(0, 1);
  Elevation elevation;
  elevation.window = window;
  elevation.x_m = 2.5;
  elevation.y_m = 3;
  for (std::int64_t i = 0; i < window.pixels(); ++i) {
    elevation.metres.push_back(-3000 + 200 * uniform(random));
    elevation.valid.push_back(uniform(random) < holes ? 0 : 1);
  }
  return elevation;
}

Elevation part_of(const Elevation& whole, const Window& window) {
  Elevation part = whole;
  part.window = window;
  part.metres.clear();
  part.valid.clear();
  for (std::int64_t row = window.row; row < window.row_end(); ++row) {
    for (std::int64_t col = window.col; col < window.col_end(); ++col) {
      const auto i =
          static_cast<std::size_t>((row - whole.window.row) * whole.window.cols + col - whole.window.col);
      part.metres.push_back(whole.metres[i]);
      part.valid.push_back(whole.valid[i]);
    }
  }
  return part;
}

void expect_same_bits(float a, float b) {
  EXPECT_TRUE(a == b || (std::isnan(a) && std::isnan(b))) << a << " " << b;
  EXPECT_EQ(std::signbit(a), std::signbit(b));
}

TEST(Terrain, AGroundThatRisesToEastByItsOwnLengthSlopes45DegreesToWest) {
  EXPECT_NEAR(centre(plane(1, 0), TerrainKind::slope, 2), 45, 1e-5);
  EXPECT_NEAR(centre(plane(1, 0), TerrainKind::aspect, 2), 270, 1e-4);
  EXPECT_NEAR(centre(plane(1, 0), TerrainKind::eastness, 2), -1, 1e-6);
  EXPECT_NEAR(centre(plane(1, 0), TerrainKind::northness, 2), 0, 1e-6);
  EXPECT_NEAR(centre(plane(1, 0), TerrainKind::gradient_east, 2), 1, 1e-6);
  EXPECT_NEAR(centre(plane(1, 0), TerrainKind::gradient_north, 2), 0, 1e-6);
}

TEST(Terrain, AspectGoesClockwiseFromNorth) {
  EXPECT_NEAR(centre(plane(0, -0.1F), TerrainKind::aspect, 2), 0, 1e-4);
  EXPECT_NEAR(centre(plane(-0.1F, -0.1F), TerrainKind::aspect, 2), 45, 1e-3);
  EXPECT_NEAR(centre(plane(-0.1F, 0), TerrainKind::aspect, 2), 90, 1e-4);
  EXPECT_NEAR(centre(plane(0, 0.1F), TerrainKind::aspect, 2), 180, 1e-4);
  EXPECT_NEAR(centre(plane(0.2F, 0.1F), TerrainKind::aspect, 2), 180 + 63.4349488, 2e-3);
  EXPECT_NEAR(centre(plane(0.1F, -0.1F), TerrainKind::aspect, 2), 315, 2e-3);
}

TEST(Terrain, FlatGroundHasNoAspectAndNoDirection) {
  const std::vector<float> flat(9, -12.5F);
  EXPECT_TRUE(std::isnan(centre(flat, TerrainKind::aspect)));
  for (const TerrainKind kind : {TerrainKind::slope, TerrainKind::northness, TerrainKind::eastness,
                                 TerrainKind::profile_curvature, TerrainKind::plan_curvature}) {
    EXPECT_EQ(centre(flat, kind), 0);
  }
  EXPECT_EQ(centre(flat, TerrainKind::hillshade), 181);  // 1 + 254 sin 45 = 180.6
  EXPECT_EQ(centre(flat, TerrainKind::elevation), -12.5F);
}

TEST(Terrain, SteepGroundStaysBelow90Degrees) {
  EXPECT_NEAR(centre(plane(1000, 0), TerrainKind::slope, 2), 89.94270424, 1e-4);
  EXPECT_NEAR(centre(plane(0, 1.7320508F), TerrainKind::slope, 2), 60, 1e-4);
}

TEST(Terrain, ADomeThatSteepensDownhillHasPositiveProfileCurvature) {
  // z = -x^2 / 2 at x = 3, pixel 1 m: second derivative -1 along the slope, 0 across.
  const std::vector<float> dome = {-2, -4.5F, -8, -2, -4.5F, -8, -2, -4.5F, -8};
  EXPECT_NEAR(centre(dome, TerrainKind::profile_curvature), 1, 1e-6);
  EXPECT_NEAR(centre(dome, TerrainKind::plan_curvature), 0, 1e-6);
}

TEST(Terrain, AHollowHasPositivePlanCurvatureAndASpurNegative) {
  // Slope towards south, z = row-wise plane plus +- x^2 / 2.
  const std::vector<float> hollow = {20.5F, 20, 20.5F, 10.5F, 10, 10.5F, 0.5F, 0, 0.5F};
  EXPECT_NEAR(centre(hollow, TerrainKind::plan_curvature), 1, 1e-6);
  EXPECT_NEAR(centre(hollow, TerrainKind::profile_curvature), 0, 1e-6);
  const std::vector<float> spur = {19.5F, 20, 19.5F, 9.5F, 10, 9.5F, -0.5F, 0, -0.5F};
  EXPECT_NEAR(centre(spur, TerrainKind::plan_curvature), -1, 1e-6);
}

TEST(Terrain, RelativeElevationIsHeightAboveTheMeanOfValidNeighbours) {
  Elevation elevation{
      {0, 0, 3, 3}, {1, 2, 3, 4, 50, 6, 7, 8, 999}, std::vector<std::uint8_t>(9, 1), 1, 1, {}};
  elevation.valid[8] = 0;
  const Terrain terrain = derive(elevation, {0, 0, 3, 3}, {{TerrainKind::relative_elevation, 3}});
  EXPECT_FLOAT_EQ(terrain.values[4], 50 - 81.0F / 8);
  EXPECT_FLOAT_EQ(terrain.values[0], 1 - 57.0F / 4);
  EXPECT_EQ(terrain.values[8], 0);
  EXPECT_EQ(terrain.valid[8], 0);
}

TEST(Terrain, RelativeElevationEqualsADirectSum) {
  const Elevation elevation = random_elevation({-5, 3, 40, 37}, 0.2, 21);
  const Window core{0, 8, 30, 20};
  for (const int window : {3, 7, 15}) {
    const Terrain terrain = derive(elevation, core, {{TerrainKind::relative_elevation, window}});
    for (std::int64_t i = 0; i < core.pixels(); ++i) {
      const std::int64_t row = core.row + i / core.cols;
      const std::int64_t col = core.col + i % core.cols;
      const Elevation box =
          part_of(elevation, intersection(Window{row, col, 1, 1}.grown(window / 2), elevation.window));
      double sum = 0;
      double count = 0;
      for (std::size_t k = 0; k < box.metres.size(); ++k) {
        sum += box.valid[k] != 0 ? box.metres[k] : 0;
        count += box.valid[k];
      }
      const Elevation self = part_of(elevation, {row, col, 1, 1});
      const double expected = self.valid[0] != 0 ? self.metres[0] - sum / count : 0;
      EXPECT_NEAR(terrain.values[static_cast<std::size_t>(i)], expected, 1.0 / 1024 + 1e-4);
    }
  }
}

TEST(Terrain, APixelDoesNotDependOnHowWindowsAreCut) {
  std::mt19937 random(4);
  const std::vector<TerrainChannel> channels = all_channels();
  const int halo = halo_px(channels);
  for (const double holes : {0.0, 0.02, 0.4}) {
    Elevation whole = random_elevation({0, 0, 70, 90}, holes, 9);
    whole.raster = {2, 0, 66, 88};  // rows and columns beyond are invalid
    for (std::int64_t i = 0; i < whole.window.pixels(); ++i) {
      if (!whole.raster.contains({i / 90, i % 90, 1, 1})) whole.valid[static_cast<std::size_t>(i)] = 0;
    }
    const Terrain all = derive(whole, whole.window, channels);
    for (int round = 0; round < 25; ++round) {
      Window core{static_cast<std::int64_t>(random() % 60), static_cast<std::int64_t>(random() % 80),
                  1 + static_cast<std::int64_t>(random() % 30), 1 + static_cast<std::int64_t>(random() % 30)};
      core = intersection(core, whole.window);
      const Elevation part = part_of(whole, intersection(core.grown(halo), whole.window));
      const Terrain cut = derive(part, core, channels);
      for (std::size_t channel = 0; channel < channels.size(); ++channel) {
        for (std::int64_t i = 0; i < core.pixels(); ++i) {
          const std::int64_t at = (core.row + i / core.cols) * 90 + core.col + i % core.cols;
          expect_same_bits(
              cut.values[channel * static_cast<std::size_t>(core.pixels()) + static_cast<std::size_t>(i)],
              all.values[channel * 70 * 90 + static_cast<std::size_t>(at)]);
        }
      }
    }
  }
}

TEST(Terrain, WhatAnInvalidPixelHoldsChangesNothing) {
  Elevation elevation = random_elevation({0, 0, 40, 60}, 0.1, 33);
  const std::vector<TerrainChannel> channels = all_channels();
  const Terrain before = derive(elevation, elevation.window, channels);
  for (std::size_t i = 0; i < elevation.metres.size(); ++i) {
    if (elevation.valid[i] == 0)
      elevation.metres[i] = i % 2 == 0 ? std::numeric_limits<float>::quiet_NaN() : 1e30F;
  }
  const Terrain after = derive(elevation, elevation.window, channels);
  for (std::size_t i = 0; i < before.values.size(); ++i) expect_same_bits(before.values[i], after.values[i]);
}

TEST(Terrain, InvalidPixelsHoldZeroInEveryChannel) {
  const Elevation elevation = random_elevation({0, 0, 20, 20}, 0.5, 2);
  const Terrain terrain = derive(elevation, elevation.window, all_channels());
  for (std::size_t i = 0; i < terrain.values.size(); ++i) {
    if (terrain.valid[i % 400] != 0) continue;
    EXPECT_EQ(terrain.values[i], 0);
  }
}

TEST(Terrain, ALongRowIsWorkedInPiecesWithoutSeams) {
  const Elevation wide = random_elevation({0, 0, 5, 2500}, 0, 8);
  const std::vector<TerrainChannel> channels = all_channels();
  const Terrain all = derive(wide, {1, 1, 3, 2498}, channels);
  const Window core{1, 1020, 3, 10};
  const Terrain part = derive(wide, core, channels);
  for (std::size_t channel = 0; channel < channels.size(); ++channel) {
    for (std::int64_t i = 0; i < core.pixels(); ++i) {
      const std::int64_t at = (static_cast<std::int64_t>(channel) * 3 + i / 10) * 2498 + 1019 + i % 10;
      expect_same_bits(part.values[channel * 30 + static_cast<std::size_t>(i)],
                       all.values[static_cast<std::size_t>(at)]);
    }
  }
}

TEST(Terrain, ACoreOutsideTheElevationIsRefused) {
  const Elevation elevation = random_elevation({0, 0, 5, 5}, 0, 1);
  test::expect_fault(Fault::bad_argument, "the core must lie inside", [&] {
    derive(elevation, {0, 0, 6, 5}, {{TerrainKind::slope, 0}});
  });
}

TEST(TerrainChannel, NamesGoThereAndBack) {
  for (const TerrainChannel& channel : all_channels())
    EXPECT_EQ(parse_terrain_channel(to_string(channel)), channel);
  EXPECT_EQ(to_string({TerrainKind::relative_elevation, 65}), "relative_elevation_65");
  EXPECT_EQ(parse_terrain_channel("slope").kind, TerrainKind::slope);
}

TEST(TerrainChannel, UnknownNamesAndImpossibleWindowsAreRefused) {
  for (const char* text : {"", "slop", "relative_elevation", "relative_elevation_", "relative_elevation_4",
                           "relative_elevation_1", "relative_elevation_1027", "relative_elevation_5x",
                           "relative_elevation_-5", "Slope"}) {
    test::expect_fault(Fault::bad_argument, "known are elevation, relative_elevation_N, slope",
                       [&] { parse_terrain_channel(text); });
  }
}

TEST(TerrainChannel, HaloIsWhatTheWidestChannelLooksAt) {
  EXPECT_EQ(halo_px({}), 0);
  EXPECT_EQ(halo_px(std::vector<TerrainChannel>{{TerrainKind::elevation, 0}}), 0);
  EXPECT_EQ(halo_px(std::vector<TerrainChannel>{{TerrainKind::elevation, 0}, {TerrainKind::slope, 0}}), 1);
  EXPECT_EQ(
      halo_px(std::vector<TerrainChannel>{{TerrainKind::relative_elevation, 257}, {TerrainKind::slope, 0}}),
      128);
}

}  // namespace
}  // namespace scarp::geo

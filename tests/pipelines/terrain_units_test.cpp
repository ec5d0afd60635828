// SPDX-License-Identifier: Apache-2.0
#include "pipelines/terrain_units.h"

#include <gtest/gtest.h>

#include "geo/terrain.h"
#include "tests/support/memory_scene.h"

namespace scarp::pipelines {
namespace {

/// Channels of the hills at one pixel size, lengths in pixels, where the whole landscape is scaled with the
/// pixel.
std::vector<float> channels_at(double pixel_m, std::span<const geo::TerrainChannel> channels) {
  const int side = 40;
  std::vector<float> metres;
  for (int row = 0; row < side; ++row) {
    for (int col = 0; col < side; ++col)
      metres.push_back(test::hills(10.0 * col, 10.0 * row) * static_cast<float>(pixel_m / 10));
  }
  const std::vector<std::uint8_t> valid(metres.size(), 1);
  const geo::Window core{10, 10, 20, 20};
  std::vector<float> out(channels.size() * 400);
  std::vector<std::uint8_t> out_valid(400);
  geo::ElevationView view;
  view.window = {0, 0, side, side};
  view.metres = metres;
  view.valid = valid;
  view.pixel_x_m = pixel_m;
  view.pixel_y_m = pixel_m;
  geo::derive_terrain(view, core, channels, out, out_valid);
  to_model_units(unit_factors(channels, nn::TerrainUnit::pixels, pixel_m), out);
  return out;
}

TEST(TerrainUnits, ALandscapeLooksTheSameAtEveryPixelSizeInPixels) {
  const std::vector<geo::TerrainChannel> channels = {
      {geo::TerrainKind::relative_elevation, 9}, {geo::TerrainKind::slope},
      {geo::TerrainKind::gradient_east},         {geo::TerrainKind::profile_curvature},
      {geo::TerrainKind::plan_curvature},        {geo::TerrainKind::elevation}};
  const std::vector<float> fine = channels_at(5, channels);
  const std::vector<float> coarse = channels_at(30, channels);
  for (std::size_t i = 0; i < fine.size(); ++i)
    ASSERT_NEAR(fine[i], coarse[i], 2e-3 * (1 + std::abs(fine[i]))) << i;
}

TEST(TerrainUnits, MetresStayMetres) {
  EXPECT_EQ(unit_factor({geo::TerrainKind::relative_elevation, 9}, nn::TerrainUnit::metres, 30), 1.0f);
  EXPECT_EQ(unit_factor({geo::TerrainKind::relative_elevation, 9}, nn::TerrainUnit::pixels, 20), 0.05f);
  EXPECT_EQ(unit_factor({geo::TerrainKind::plan_curvature, 0}, nn::TerrainUnit::pixels, 20), 20.0f);
  EXPECT_EQ(unit_factor({geo::TerrainKind::slope, 0}, nn::TerrainUnit::pixels, 20), 1.0f);
}

}  // namespace
}  // namespace scarp::pipelines

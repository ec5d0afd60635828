// SPDX-License-Identifier: Apache-2.0
#include "pipelines/mapping/strip_reader.h"

#include <gtest/gtest.h>

#include "geo/raster_source_memory.h"
#include "pipelines/training/chunk_cache.h"
#include "tests/support/memory_scene.h"

namespace scarp::pipelines {
namespace {

geo::MemoryRaster striped_image(const geo::Grid& grid) {
  geo::MemoryRaster image = test::one_band(
      grid, [](std::int64_t row, std::int64_t col) { return (row * 31 + col * 17) % 251; },
      geo::PixelType::u8);
  for (std::int64_t pixel = 0; pixel < grid.rows * grid.cols; ++pixel)
    image.valid.push_back(pixel % 97 == 0 ? 0 : 1);
  return image;
}

geo::AlignedStack stack_of(const geo::Grid& grid) {
  return geo::AlignedStack(
      geo::make_memory_source(striped_image(grid)), geo::make_memory_source(test::hilly_dem(grid)),
      {{0}, {{geo::TerrainKind::slope}, {geo::TerrainKind::relative_elevation, 9}}, geo::DemGaps::fill});
}

TEST(StripReader, GivesEveryTileThePixelsThatTheStackGives) {
  const geo::Grid grid = test::utm_grid(150, 130, 10);
  for (const geo::TilePlanOptions options : {geo::TilePlanOptions{32, 8}, geo::TilePlanOptions{32, 24}}) {
    const geo::TilePlan plan(grid.rows, grid.cols, options);
    const geo::Window lattice = plan.lattice_covering(grid.window());
    StripReader reader(stack_of(grid), plan, lattice, {1, 0.5f});
    geo::AlignedStack direct = stack_of(grid);
    geo::StackTile expected;
    while (!reader.done()) {
      const auto strip = reader.next();
      for (std::int64_t col = lattice.col; col < lattice.col_end(); ++col) {
        const geo::Window tile = plan.tile(strip->lattice_row(), col).window;
        direct.read(tile, expected);
        std::vector<float> optical(expected.optical.size()), terrain(expected.terrain.size());
        std::vector<std::uint8_t> valid(expected.valid.size());
        strip->cut(&geo::StackTile::optical, 1, tile, optical.data());
        strip->cut(&geo::StackTile::terrain, 2, tile, terrain.data());
        strip->cut(&geo::StackTile::valid, 1, tile, valid.data());
        ASSERT_EQ(optical, expected.optical);
        ASSERT_EQ(valid, expected.valid);
        const std::size_t plane = valid.size();
        for (std::size_t i = 0; i < plane; ++i) {
          ASSERT_EQ(terrain[i], expected.terrain[i]);
          ASSERT_EQ(terrain[plane + i], 0.5f * expected.terrain[plane + i]);
        }
      }
    }
  }
}

TEST(StripReader, ReadsEveryRowOnce) {
  const geo::Grid grid = test::utm_grid(150, 60, 10);
  const geo::TilePlan plan(grid.rows, grid.cols, {32, 24});
  const geo::Window lattice = plan.lattice_covering(grid.window());
  StripReader reader(stack_of(grid), plan, lattice, {1, 1});
  std::int64_t next = 0;
  while (!reader.done()) {
    const geo::Window last = reader.next()->bands().back()->window;
    if (last.row_end() == next) continue;  // the last strip may bring nothing new
    EXPECT_EQ(last.row, next);
    next = last.row_end();
  }
  EXPECT_EQ(next, grid.rows);
}

TEST(ChunkCache, GivesThePixelsThatTheStackGivesEvenWithRoomForOneChunk) {
  const geo::Grid grid = test::utm_grid(300, 280, 10);
  ChunkCache cache(stack_of(grid), {1, 1}, 1);
  geo::AlignedStack direct = stack_of(grid);
  geo::StackTile ours, expected;
  for (const geo::Window window : {geo::Window{0, 0, 64, 64}, geo::Window{100, 90, 140, 150},
                                   geo::Window{-20, -30, 96, 96}, geo::Window{250, 240, 96, 96}}) {
    cache.read(window, ours);
    direct.read(window, expected);
    EXPECT_EQ(ours.optical, expected.optical);
    EXPECT_EQ(ours.terrain, expected.terrain);
    EXPECT_EQ(ours.valid, expected.valid);
    EXPECT_EQ(ours.terrain_valid, expected.terrain_valid);
  }
}

}  // namespace
}  // namespace scarp::pipelines

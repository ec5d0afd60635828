// SPDX-License-Identifier: Apache-2.0
// On synthetic scenes it is known where the walls are: anchors must be drawn from them.
#include <vector>

#include <gtest/gtest.h>

#include "datasets/synthetic_scene.h"
#include "geo/feature_file_gdal.h"
#include "geo/terrain.h"
#include "nn/sample_pairs.h"

namespace scarp {
namespace {

constexpr int kSide = 512;

/// A scene's labels and gradients as training sees them, and its true walls.
struct KnownScene {
  std::vector<std::uint8_t> labels, walls, valid;
  std::vector<float> gradients;

  explicit KnownScene(std::uint64_t seed) {
    datasets::SyntheticOptions options;
    options.seed = seed;
    options.rows = options.cols = kSide;
    const datasets::SyntheticScene scene = datasets::make_synthetic_scene(options);
    const geo::Window window = scene.grid.window();
    labels = geo::burn(scene.landslides, scene.grid, window, 0);
    walls = geo::burn(scene.walls, scene.grid, window, 0);
    valid.assign(labels.size(), 1);
    gradients.resize(2 * labels.size());
    const geo::TerrainChannel channels[] = {{geo::TerrainKind::gradient_east},
                                            {geo::TerrainKind::gradient_north}};
    std::vector<std::uint8_t> derived(labels.size());
    geo::derive_terrain({window, scene.elevation, valid, options.pixel_size_m, options.pixel_size_m, window},
                        window, channels, gradients, derived);
  }
  nn::UpSlope up() const {
    const std::span<const float> both = gradients;
    return {both.first(labels.size()), both.subspan(labels.size()), valid};
  }
};

/// Six of them, made once.
const std::vector<KnownScene>& scenes() {
  static const std::vector<KnownScene> all = [] {
    std::vector<KnownScene> made;
    for (std::uint64_t seed = 1; seed <= 6; ++seed) made.emplace_back(seed);
    return made;
  }();
  return all;
}

/// A pixel of the true walls lies in the cell, or up to `reach` cells from it.
bool on_wall(const KnownScene& scene, std::int64_t cell, int stride, int reach) {
  const std::int64_t across = kSide / stride, row = cell / across, col = cell % across;
  const auto first = [&](std::int64_t at) { return std::max<std::int64_t>(0, at - reach) * stride; };
  const auto last = [&](std::int64_t at) { return std::min(across, at + reach + 1) * stride; };
  for (std::int64_t y = first(row); y < last(row); ++y)
    for (std::int64_t x = first(col); x < last(col); ++x)
      if (scene.walls[static_cast<std::size_t>(y * kSide + x)] != 0) return true;
  return false;
}

struct Tally {
  int anchors = 0, on_walls = 0;
  double share() const { return static_cast<double>(on_walls) / anchors; }
};

/// Of anchors drawn from all scenes. A band of one cell lies along the outline; each further cell of it may
/// lie that much away from the wall.
Tally drawn_anchors(const nn::HyperPixelOptions& options, nn::AnchorMode mode) {
  Tally tally;
  const nn::PairCounts counts{64, 0};
  std::uint64_t seed = 0;
  for (const KnownScene& scene : scenes()) {
    const nn::UpSlope up = scene.up();
    const int across = kSide / options.stride;
    std::vector<nn::CellKind> cells(static_cast<std::size_t>(across * across));
    nn::classify_cells(kSide, scene.labels, 1, &up, options, cells);
    std::vector<std::int64_t> indices(static_cast<std::size_t>(counts.rows()));
    std::vector<std::uint8_t> drawn(indices.size());
    std::mt19937_64 random(++seed);
    nn::draw_pairs(cells, mode, counts, random, indices, drawn);
    for (std::size_t i = 0; i < indices.size() && drawn[i]; ++i) {
      ++tally.anchors;
      tally.on_walls += on_wall(scene, indices[i], options.stride, options.band - 1);
    }
  }
  return tally;
}

class Anchors : public testing::TestWithParam<nn::HyperPixelOptions> {};

TEST_P(Anchors, OfSyntheticScenesLieOnTheirBackAndSideWalls) {
  const Tally tally = drawn_anchors(GetParam(), nn::AnchorMode::walls);
  RecordProperty("share_on_walls", std::to_string(tally.share()));
  EXPECT_GE(tally.anchors, 100);
  EXPECT_GE(tally.share(), 0.85) << tally.on_walls << " of " << tally.anchors << " anchors, stride "
                                 << GetParam().stride << ", band " << GetParam().band;
}

// The measure tells walls from the rest of the outline: without it the test above would prove nothing.
TEST_P(Anchors, OfTheWholeBandLieOnThemFarLessOften) {
  const double walls = drawn_anchors(GetParam(), nn::AnchorMode::walls).share();
  EXPECT_LT(drawn_anchors(GetParam(), nn::AnchorMode::band).share(), walls - 0.25);
}

INSTANTIATE_TEST_SUITE_P(Strides,
                         Anchors,
                         testing::Values(nn::HyperPixelOptions{.stride = 8},
                                         nn::HyperPixelOptions{.stride = 16},
                                         nn::HyperPixelOptions{.stride = 8, .band = 2}),
                         [](const auto& test) {
                           return "Of" + std::to_string(test.param.stride) + "Band" +
                                  std::to_string(test.param.band);
                         });

}  // namespace
}  // namespace scarp

// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <random>

#include <gmock/gmock.h>

#include "nn/error.h"
#include "nn/segmenter.h"
#include "tests/support/test_files.h"
#include "tests/support/toy_training.h"

namespace scarp::nn {
namespace {

constexpr std::size_t kTileSide = 64;
constexpr std::size_t kTilePixels = kTileSide * kTileSide;

/// A tile of the toy card's channels: red; relative elevation, gradient to the east, gradient to the north.
struct TurnedTile {
  std::vector<float> optical, terrain;
  std::vector<std::uint8_t> valid, terrain_valid;
};

TurnedTile random_turned_tile(unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> value(-1, 1);
  TurnedTile tile;
  for (std::size_t i = 0; i < kTilePixels; ++i) {
    tile.optical.push_back(100 + 80 * value(random));
    tile.valid.push_back(random() % 12 != 0 ? 1 : 0);
    tile.terrain_valid.push_back(random() % 12 != 0 ? 1 : 0);
  }
  for (std::size_t i = 0; i < 3 * kTilePixels; ++i) tile.terrain.push_back(value(random));
  return tile;
}

/// Planes turned pixel by pixel: `from(row, col)` names the pixel that comes to (row, col).
template <typename T, typename From>
std::vector<T> moved(const std::vector<T>& planes, From from) {
  std::vector<T> out(planes.size());
  for (std::size_t plane = 0; plane < planes.size(); plane += kTilePixels) {
    for (std::size_t row = 0; row < kTileSide; ++row) {
      for (std::size_t col = 0; col < kTileSide; ++col) {
        const auto [r, c] = from(row, col);
        out[plane + row * kTileSide + col] = planes[plane + r * kTileSide + c];
      }
    }
  }
  return out;
}

std::pair<std::size_t, std::size_t> from_quarter(std::size_t row, std::size_t col) {
  return {col, kTileSide - 1 - row};
}
std::pair<std::size_t, std::size_t> from_mirror(std::size_t row, std::size_t col) {
  return {row, kTileSide - 1 - col};
}

/// A quarter turn to the left: what pointed east points north, what pointed north points west.
TurnedTile quarter_turned(const TurnedTile& tile) {
  TurnedTile out = {moved(tile.optical, from_quarter), moved(tile.terrain, from_quarter),
                    moved(tile.valid, from_quarter), moved(tile.terrain_valid, from_quarter)};
  for (std::size_t i = kTilePixels; i < 2 * kTilePixels; ++i) {
    const float east = out.terrain[i], north = out.terrain[i + kTilePixels];
    out.terrain[i] = -north;
    out.terrain[i + kTilePixels] = east;
  }
  return out;
}

TurnedTile mirrored(const TurnedTile& tile) {
  TurnedTile out = {moved(tile.optical, from_mirror), moved(tile.terrain, from_mirror),
                    moved(tile.valid, from_mirror), moved(tile.terrain_valid, from_mirror)};
  for (std::size_t i = kTilePixels; i < 2 * kTilePixels; ++i) out.terrain[i] = -out.terrain[i];
  return out;
}

class Flips : public testing::Test {
 protected:
  std::unique_ptr<Segmenter> load(int flips, const ModelCard& card = test::toy_card()) {
    const std::string path = folder_.file("m.safetensors");
    test::write_random_model(path, card);
    return load_segmenter(path, {"cpu", Precision::fp32, flips});
  }
  test::TempFolder folder_;
};

/// p(landslide), from both logits.
std::vector<float> probabilities(const Segmenter& segmenter, const TurnedTile& tile) {
  std::vector<float> logits(2 * kTilePixels);
  segmenter.segment({1, kTileSide, kTileSide, tile.optical, tile.terrain, tile.valid, tile.terrain_valid},
                    logits);
  std::vector<float> out;
  for (std::size_t i = 0; i < kTilePixels; ++i)
    out.push_back(1 / (1 + std::exp(logits[i] - logits[kTilePixels + i])));
  return out;
}

float largest_gap(const std::vector<float>& a, const std::vector<float>& b) {
  float gap = 0;
  for (std::size_t i = 0; i < a.size(); ++i) gap = std::max(gap, std::abs(a[i] - b[i]));
  return gap;
}

TEST_F(Flips, OfAllEightMakeTheMapTurnWithTheTile) {
  const auto segmenter = load(8);
  EXPECT_EQ(segmenter->flips(), 8);
  TurnedTile tile = random_turned_tile(1);
  std::vector<float> map = probabilities(*segmenter, tile);
  for (int turn = 0; turn < 4; ++turn) {
    EXPECT_LT(largest_gap(probabilities(*segmenter, mirrored(tile)), moved(map, from_mirror)), 1e-5F) << turn;
    tile = quarter_turned(tile);
    map = moved(map, from_quarter);
    EXPECT_LT(largest_gap(probabilities(*segmenter, tile), map), 1e-5F) << turn;
  }
}

TEST_F(Flips, OfFewerAreSoForTheirOwnTurnsOnly) {
  const TurnedTile tile = random_turned_tile(2);
  const auto two = load(2);
  const auto map = probabilities(*two, tile);
  EXPECT_LT(largest_gap(probabilities(*two, mirrored(tile)), moved(map, from_mirror)), 1e-5F);
  EXPECT_GT(largest_gap(probabilities(*two, quarter_turned(tile)), moved(map, from_quarter)), 1e-3F);
  const auto four = load(4);
  const auto half_turned = quarter_turned(quarter_turned(tile));
  const auto half_map = moved(moved(probabilities(*four, tile), from_quarter), from_quarter);
  EXPECT_LT(largest_gap(probabilities(*four, half_turned), half_map), 1e-5F);
}

TEST_F(Flips, GiveTheMeanOfTheProbabilities) {
  const TurnedTile tile = random_turned_tile(3);
  const auto one = load(1);
  const auto plain = probabilities(*one, tile);
  const auto mirror = moved(probabilities(*one, mirrored(tile)), from_mirror);
  std::vector<float> mean;
  for (std::size_t i = 0; i < kTilePixels; ++i) mean.push_back(0.5F * (plain[i] + mirror[i]));
  EXPECT_LT(largest_gap(probabilities(*load(2), tile), mean), 1e-5F);
}

TEST_F(Flips, StayFiniteWhereTheNetworkIsVerySure) {
  ModelCard card = test::toy_card();
  card.temperature = 1e-3;
  const auto segmenter = load(8, card);
  const TurnedTile tile = random_turned_tile(4);
  std::vector<float> logits(2 * kTilePixels);
  segmenter->segment({1, kTileSide, kTileSide, tile.optical, tile.terrain, tile.valid, tile.terrain_valid},
                     logits);
  for (const float logit : logits) ASSERT_TRUE(std::isfinite(logit));
}

TEST_F(Flips, AreOneTwoFourOrEight) {
  const auto [fault, text] = test::nn_error_of([&] { load(3); });
  EXPECT_EQ(fault, Fault::bad_argument);
  EXPECT_THAT(text, testing::HasSubstr("1, 2, 4 or 8, is 3"));
}

TEST_F(Flips, AreRefusedForTerrainThatCannotBeTurned) {
  ModelCard card = test::toy_card();
  card.terrain[0].name = "aspect";
  EXPECT_EQ(load(1, card)->flips(), 1);
  const auto [fault, text] = test::nn_error_of([&] { load(2, card); });
  EXPECT_EQ(fault, Fault::bad_argument);
  EXPECT_THAT(text, testing::HasSubstr("aspect cannot be turned"));
}

}  // namespace
}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include "nn/sample_pairs.h"

#include <algorithm>
#include <map>
#include <vector>

#include <gmock/gmock.h>

#include "nn/error.h"

namespace scarp::nn {
namespace {

using enum CellKind;

struct Drawn {
  std::vector<std::int64_t> indices;
  std::vector<std::uint8_t> valid;
};

Drawn drawn(const std::vector<CellKind>& cells,
            AnchorMode mode,
            const PairCounts& counts,
            std::uint64_t seed = 1) {
  const auto rows = static_cast<std::size_t>(counts.rows());
  Drawn result{std::vector<std::int64_t>(rows, -7), std::vector<std::uint8_t>(rows, 9)};
  std::mt19937_64 random(seed);
  draw_pairs(cells, mode, counts, random, result.indices, result.valid);
  return result;
}

/// How many valid rows hold a cell of each kind, of the anchors or of the others.
std::map<CellKind, int> kinds(const std::vector<CellKind>& cells,
                              const Drawn& rows,
                              const PairCounts& counts,
                              bool anchors) {
  std::map<CellKind, int> found;
  for (int row = anchors ? 0 : counts.anchors; row < (anchors ? counts.anchors : counts.rows()); ++row) {
    const auto at = static_cast<std::size_t>(row);
    if (rows.valid[at]) ++found[cells[static_cast<std::size_t>(rows.indices[at])]];
  }
  return found;
}

std::vector<CellKind> some_of_each(int count) {
  std::vector<CellKind> cells;
  for (int i = 0; i < count; ++i)
    for (const CellKind kind : {unused, background, outer_band, interior, toe, side_wall, back_wall})
      cells.push_back(kind);
  return cells;
}

using Found = std::map<CellKind, int>;

TEST(SamplePairs, FromWallsAreOfBackAndSideWallsAgainstOuterBandAndBackground) {
  const auto cells = some_of_each(10);
  const PairCounts counts{20, 12};
  const Drawn rows = drawn(cells, AnchorMode::walls, counts);
  EXPECT_EQ(kinds(cells, rows, counts, true), (Found{{side_wall, 10}, {back_wall, 10}}));
  EXPECT_EQ(kinds(cells, rows, counts, false), (Found{{outer_band, 6}, {background, 6}}));
}

TEST(SamplePairs, FromTheBandAreOfTheToeToo) {
  const auto cells = some_of_each(10);
  const PairCounts counts{30, 12};
  const Drawn rows = drawn(cells, AnchorMode::band, counts);
  EXPECT_EQ(kinds(cells, rows, counts, true), (Found{{toe, 10}, {side_wall, 10}, {back_wall, 10}}));
  EXPECT_EQ(kinds(cells, rows, counts, false), (Found{{outer_band, 6}, {background, 6}}));
}

TEST(SamplePairs, AtRandomAreOfAnyLabelledCell) {
  const auto cells = some_of_each(10);
  const PairCounts counts{40, 20};
  const Drawn rows = drawn(cells, AnchorMode::random, counts);
  EXPECT_EQ(kinds(cells, rows, counts, true),
            (Found{{interior, 10}, {toe, 10}, {side_wall, 10}, {back_wall, 10}}));
  EXPECT_EQ(kinds(cells, rows, counts, false), (Found{{outer_band, 10}, {background, 10}}));
}

TEST(SamplePairs, TakeMoreOfTheOneKindOfNegativesWhereTheOtherIsShort) {
  std::vector<CellKind> cells(30, background);
  cells.insert(cells.end(), 3, outer_band);
  const PairCounts counts{0, 20};
  EXPECT_EQ(kinds(cells, drawn(cells, AnchorMode::walls, counts), counts, false),
            (Found{{background, 17}, {outer_band, 3}}));
  std::vector<CellKind> others(30, outer_band);
  others.insert(others.end(), 3, background);
  EXPECT_EQ(kinds(others, drawn(others, AnchorMode::walls, counts), counts, false),
            (Found{{background, 3}, {outer_band, 17}}));
}

TEST(SamplePairs, WithoutLandslidesHaveNoAnchorsButNegatives) {
  const std::vector<CellKind> cells(5, background);
  const Drawn rows = drawn(cells, AnchorMode::walls, {4, 8});
  EXPECT_THAT(rows.valid, testing::ElementsAre(0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0));
  EXPECT_THAT(std::vector(rows.indices.begin(), rows.indices.begin() + 4), testing::Each(0));
  EXPECT_THAT(std::vector(rows.indices.begin() + 9, rows.indices.end()), testing::Each(0));
}

TEST(SamplePairs, OfNothingLabelledAreNone) {
  EXPECT_THAT(drawn(std::vector<CellKind>(9, unused), AnchorMode::random, {4, 4}).valid, testing::Each(0));
}

TEST(SamplePairs, HoldNoCellTwice) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Drawn rows = drawn(some_of_each(9), AnchorMode::random, {25, 15}, seed);
    ASSERT_THAT(rows.valid, testing::Each(1));
    std::sort(rows.indices.begin(), rows.indices.end());
    EXPECT_EQ(std::adjacent_find(rows.indices.begin(), rows.indices.end()), rows.indices.end()) << seed;
  }
}

TEST(SamplePairs, AreTheSameForASeedAndOthersForAnother) {
  const auto cells = some_of_each(50);
  const PairCounts counts{16, 16};
  EXPECT_EQ(drawn(cells, AnchorMode::walls, counts, 3).indices,
            drawn(cells, AnchorMode::walls, counts, 3).indices);
  EXPECT_NE(drawn(cells, AnchorMode::walls, counts, 3).indices,
            drawn(cells, AnchorMode::walls, counts, 4).indices);
}

TEST(SamplePairs, AreTheSameOnEveryPlatform) {
  const std::vector<CellKind> cells(1000, side_wall);
  EXPECT_THAT(drawn(cells, AnchorMode::walls, {5, 0}).indices, testing::ElementsAre(133, 137, 452, 23, 353));
}

TEST(SamplePairs, HoldEachCellAboutAsOften) {
  std::vector<int> times(20, 0);
  const std::vector<CellKind> cells(20, back_wall);
  for (std::uint64_t seed = 0; seed < 4000; ++seed)
    for (const std::int64_t at : drawn(cells, AnchorMode::walls, {5, 0}, seed).indices)
      ++times[static_cast<std::size_t>(at)];
  // 1000 each, with a deviation of 27
  EXPECT_THAT(times, testing::Each(testing::AllOf(testing::Ge(860), testing::Le(1140))));
}

TEST(SamplePairs, AreOfTheirRowsCategory) {
  const PairCounts counts{2, 1};
  EXPECT_EQ(pair_category(counts, 1), kLandslidePair);
  EXPECT_EQ(pair_category(counts, 2), kBackgroundPair);
}

TEST(SamplePairs, AreDrawnFromWhatANameSays) {
  for (const AnchorMode mode : {AnchorMode::walls, AnchorMode::band, AnchorMode::random})
    EXPECT_EQ(anchor_mode(to_string(mode)), mode);
  EXPECT_THROW(
      {
        try {
          anchor_mode("wall");
        } catch (const Error& error) {
          EXPECT_STREQ(error.what(), "anchors are drawn from \"wall\"; choose walls, band or random");
          throw;
        }
      },
      Error);
}

TEST(SamplePairs, RefuseWhatDoesNotFit) {
  std::mt19937_64 random(1);
  std::vector<std::int64_t> indices(3);
  std::vector<std::uint8_t> valid(3);
  const std::vector<CellKind> cells(4, background);
  EXPECT_THROW(draw_pairs(cells, AnchorMode::walls, {1, 1}, random, indices, valid), Error);
  EXPECT_THROW(draw_pairs(cells, AnchorMode::walls, {-1, 4}, random, indices, valid), Error);
}

}  // namespace
}  // namespace scarp::nn

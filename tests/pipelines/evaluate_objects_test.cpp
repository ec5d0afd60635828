// SPDX-License-Identifier: Apache-2.0
#include "pipelines/evaluation/evaluate_objects.h"

#include <map>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/ascii_raster.h"

namespace scarp::pipelines {
namespace {

ObjectScores match(std::string_view predicted, std::string_view labelled) {
  const auto p = test::ascii_raster(predicted);
  const auto l = test::ascii_raster(labelled);
  ObjectMatcher matcher(p.cols);
  for (std::int64_t row = 0; row < p.rows; ++row) {
    const auto from = static_cast<std::size_t>(row * p.cols);
    const auto cols = static_cast<std::size_t>(p.cols);
    matcher.push(std::span(p.pixels).subspan(from, cols), std::span(l.pixels).subspan(from, cols));
  }
  return matcher.scores();
}

TEST(ObjectMatcher, JoinsTheArmsOfAU) {
  const ObjectScores s = match("#.#\n#.#\n###", "#.#\n#.#\n#.#");
  EXPECT_EQ(s.predicted, 1);
  EXPECT_EQ(s.labelled, 2);
  EXPECT_EQ(s.matched, 0);  // 3 of 7
}

TEST(ObjectMatcher, KeepsPixelsThatTouchAtACornerApart) {
  EXPECT_EQ(match("#.\n.#", "..\n..").predicted, 2);
}

TEST(ObjectMatcher, MatchesAtExactlyOneHalfAndEachObjectOnce) {
  const ObjectScores s = match("##\n##", "#.\n#.");
  EXPECT_EQ(s.matched, 1);
  EXPECT_DOUBLE_EQ(s.f1(), 1);
  const ObjectScores twice = match("####", "##.#");
  EXPECT_EQ(twice.matched, 1);
  EXPECT_DOUBLE_EQ(twice.precision(), 1);
  EXPECT_DOUBLE_EQ(twice.recall(), 0.5);
}

TEST(ObjectMatcher, IsZeroWithoutObjects) {
  EXPECT_EQ(match("..", "..").f1(), 0);
}

TEST(ObjectLabeller, FindsTheSameObjectsAsFloodFill) {
  constexpr int kSide = 24;
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    std::vector<std::uint8_t> mask(kSide * kSide);
    for (auto& pixel : mask) pixel = random() % 100 < 58;
    ObjectLabeller labeller(kSide);
    std::vector<std::uint32_t> found;
    for (int row = 0; row < kSide; ++row) {
      const auto line = labeller.push(std::span(mask).subspan(static_cast<std::size_t>(row * kSide), kSide));
      found.insert(found.end(), line.begin(), line.end());
    }
    for (auto& number : found) number = labeller.object_of(number);
    std::vector<int> filled(mask.size(), 0);
    int objects = 0;
    std::map<std::uint32_t, int> same;
    for (int start = 0; start < kSide * kSide; ++start) {
      if (mask[static_cast<std::size_t>(start)] == 0 || filled[static_cast<std::size_t>(start)] != 0)
        continue;
      std::vector<int> open = {start};
      filled[static_cast<std::size_t>(start)] = ++objects;
      while (!open.empty()) {
        const int at = open.back();
        open.pop_back();
        EXPECT_EQ(same.emplace(found[static_cast<std::size_t>(at)], objects).first->second, objects);
        const auto visit = [&](bool inside, int next) {
          if (!inside || mask[static_cast<std::size_t>(next)] == 0 ||
              filled[static_cast<std::size_t>(next)] != 0)
            return;
          filled[static_cast<std::size_t>(next)] = objects;
          open.push_back(next);
        };
        visit(at % kSide > 0, at - 1);
        visit(at % kSide < kSide - 1, at + 1);
        visit(at >= kSide, at - kSide);
        visit(at < kSide * (kSide - 1), at + kSide);
      }
    }
    EXPECT_EQ(static_cast<int>(same.size()), objects) << "seed " << seed;
  }
}

}  // namespace
}  // namespace scarp::pipelines

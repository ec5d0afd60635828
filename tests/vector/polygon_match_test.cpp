// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/polygon_match.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "pipelines/vector/error.h"

namespace scarp::vector {
namespace {

geo::Feature box(double x, double y, double width, double height) {
  geo::Feature feature;
  feature.parts = {{{{x, y}, {x + width, y}, {x + width, y + height}, {x, y + height}, {x, y}}, {}}};
  return feature;
}

geo::Crs zone() {
  return geo::Crs::from_user_input("EPSG:32632");
}

TEST(PolygonPairs, HaveTheirIntersectionOverUnion) {
  const std::vector<geo::Feature> predicted = {box(0, 0, 10, 10), box(100, 0, 10, 10)};
  const std::vector<geo::Feature> labelled = {box(5, 0, 10, 10), box(110, 0, 5, 5), box(0, 0, 10, 10)};
  const std::vector<PolygonPair> pairs = overlapping_pairs(predicted, labelled);
  ASSERT_EQ(pairs.size(), 2U) << "polygons that only touch do not overlap";
  EXPECT_EQ(pairs[0].labelled, 0U);
  EXPECT_NEAR(pairs[0].iou, 50.0 / 150, 1e-12);
  EXPECT_EQ(pairs[1].labelled, 2U);
  EXPECT_NEAR(pairs[1].iou, 1, 1e-12);
}

TEST(PolygonPairs, HolesAndPartsCount) {
  geo::Feature ring = box(0, 0, 10, 10);
  ring.parts[0].holes = {{{2, 2}, {2, 8}, {8, 8}, {8, 2}, {2, 2}}};  // 64 are left
  ring.parts.push_back(box(20, 0, 6, 6).parts[0]);                   // 100 in all
  const std::vector<PolygonPair> pairs = overlapping_pairs(std::vector{ring}, std::vector{box(0, 0, 26, 10)});
  ASSERT_EQ(pairs.size(), 1U);
  EXPECT_NEAR(pairs[0].iou, 100.0 / 260, 1e-12);
}

TEST(PolygonPairs, AnInvalidPolygonIsMadeValid) {
  geo::Feature bow;  // two triangles of 25 that meet in the middle
  bow.parts = {{{{0, 0}, {10, 10}, {10, 0}, {0, 10}, {0, 0}}, {}}};
  const std::vector<PolygonPair> pairs = overlapping_pairs(std::vector{bow}, std::vector{box(0, 0, 10, 10)});
  ASSERT_EQ(pairs.size(), 1U);
  EXPECT_NEAR(pairs[0].iou, 0.5, 1e-12);
}

TEST(PolygonPairs, AreThoseThatABruteForceSearchFinds) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> place(0, 100);
  std::uniform_real_distribution<double> side(1, 20);
  std::vector<geo::Feature> a;
  std::vector<geo::Feature> b;
  for (int i = 0; i < 60; ++i) {
    a.push_back(box(place(random), place(random), side(random), side(random)));
    b.push_back(box(place(random), place(random), side(random), side(random)));
  }
  std::size_t found = 0;
  const std::vector<PolygonPair> pairs = overlapping_pairs(a, b);
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < b.size(); ++j) {
      const geo::Ring& p = a[i].parts[0].outer;
      const geo::Ring& q = b[j].parts[0].outer;
      const double width = std::min(p[2].x, q[2].x) - std::max(p[0].x, q[0].x);
      const double height = std::min(p[2].y, q[2].y) - std::max(p[0].y, q[0].y);
      if (width <= 0 || height <= 0) continue;
      const auto area = [](const geo::Ring& r) { return (r[2].x - r[0].x) * (r[2].y - r[0].y); };
      ASSERT_LT(found, pairs.size());
      EXPECT_EQ(pairs[found].predicted, i);
      EXPECT_EQ(pairs[found].labelled, j);
      EXPECT_NEAR(pairs[found].iou, width * height / (area(p) + area(q) - width * height), 1e-9);
      ++found;
    }
  }
  EXPECT_EQ(found, pairs.size());
}

TEST(BestPairs, APolygonGivesWayWhereThatMakesMorePairs) {
  // 0 could take either, 1 only the better one of 0: greed would leave 1 without.
  const std::vector<PolygonPair> pairs = {{0, 0, 0.6}, {0, 1, 0.4}, {1, 0, 0.35}, {2, 1, 0.2}};
  const std::vector<PolygonPair> best = best_pairs(pairs, 0.3);
  ASSERT_EQ(best.size(), 2U);
  EXPECT_EQ(best[0].predicted, 0U);
  EXPECT_EQ(best[0].labelled, 1U);
  EXPECT_EQ(best[1].predicted, 1U);
  EXPECT_EQ(best[1].labelled, 0U);
  EXPECT_EQ(best_pairs(pairs, 0.5).size(), 1U);
  EXPECT_TRUE(best_pairs(pairs, 0.7).empty());
}

/// All ways to choose pairs, one after the other.
std::size_t most_pairs(const std::vector<PolygonPair>& pairs,
                       std::size_t next,
                       std::vector<bool> a,
                       std::vector<bool> b) {
  if (next == pairs.size()) return 0;
  std::size_t most = most_pairs(pairs, next + 1, a, b);
  if (!a[pairs[next].predicted] && !b[pairs[next].labelled]) {
    a[pairs[next].predicted] = b[pairs[next].labelled] = true;
    most = std::max(most, 1 + most_pairs(pairs, next + 1, a, b));
  }
  return most;
}

TEST(BestPairs, AreAsManyAsPossibleAndNoneIsTwice) {
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    std::vector<PolygonPair> pairs;
    for (std::size_t i = 0; i < 5; ++i) {
      for (std::size_t j = 0; j < 5; ++j) {
        if (random() % 3 == 0) pairs.push_back({i, j, static_cast<double>(random() % 100 + 1) / 100});
      }
    }
    const std::vector<PolygonPair> best = best_pairs(pairs, 0);
    EXPECT_EQ(best.size(), most_pairs(pairs, 0, std::vector<bool>(5), std::vector<bool>(5)));
    for (std::size_t i = 0; i < best.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        EXPECT_NE(best[i].predicted, best[j].predicted);
        EXPECT_NE(best[i].labelled, best[j].labelled);
      }
    }
  }
}

TEST(BoundaryDistance, OfAPolygonToItselfIsNothing) {
  EXPECT_NEAR(boundary_distance_m(box(3, 4, 7, 5), box(3, 4, 7, 5), {1, 1}), 0, 1e-12);
}

TEST(BoundaryDistance, OfSquaresWithinEachOtherIsKnown) {
  // From the inner square of side 10 every point is 1 away; from the outer one of side 12, those on a side
  // are 1 away but for the last metre at each corner, where the mean of hypot(1, t) over t in 0..1
  // is 1.1477935747.
  const double outwards = (40 * 1 + 8 * 1.1477935747) / 48;
  EXPECT_NEAR(boundary_distance_m(box(1, 1, 10, 10), box(0, 0, 12, 12), {1, 1}), (1 + outwards) / 2, 2e-3);
  EXPECT_NEAR(boundary_distance_m(box(1, 1, 10, 10), box(0, 0, 12, 12), {30, 30}), 30 * (1 + outwards) / 2,
              6e-2);
}

TEST(BoundaryDistance, IsTheSameBothWays) {
  const geo::Feature a = box(0, 0, 30, 4);
  const geo::Feature b = box(2, 1, 5, 5);
  EXPECT_EQ(boundary_distance_m(a, b, {1, 1}), boundary_distance_m(b, a, {1, 1}));
}

TEST(PolygonScores, AreCountedAtEveryThreshold) {
  const std::vector<geo::Feature> predicted = {box(0, 0, 10, 10), box(100, 0, 10, 10), box(300, 0, 10, 10)};
  const std::vector<geo::Feature> labelled = {box(0, 0, 10, 9), box(104, 0, 10, 10)};  // IoU 0.9 and 60 / 140
  const std::vector<double> thresholds = {0.3, 0.5, 0.95};
  const std::vector<PolygonScores> scores = match_polygons(predicted, labelled, thresholds, zone());
  ASSERT_EQ(scores.size(), 3U);
  EXPECT_EQ(scores[0].matched, 2);
  EXPECT_NEAR(scores[0].precision(), 2.0 / 3, 1e-12);
  EXPECT_EQ(scores[0].recall(), 1);
  EXPECT_NEAR(scores[0].f1(), 0.8, 1e-12);
  EXPECT_NEAR(*scores[0].mean_iou, (0.9 + 60.0 / 140) / 2, 1e-12);
  EXPECT_EQ(scores[1].matched, 1);
  EXPECT_NEAR(*scores[1].mean_iou, 0.9, 1e-12);
  EXPECT_GT(*scores[1].boundary_m, 0.1);
  EXPECT_LT(*scores[1].boundary_m, 0.5);
  EXPECT_EQ(scores[2].matched, 0);
  EXPECT_FALSE(scores[2].boundary_m);
  EXPECT_EQ(scores[2].f1(), 0);
}

TEST(PolygonScores, OfNothingAreZero) {
  const std::vector<PolygonScores> scores = match_polygons({}, {}, std::vector{0.5}, zone());
  EXPECT_EQ(scores[0].precision() + scores[0].recall() + scores[0].f1(), 0);
}

TEST(PolygonScores, BoundariesInDegreesAreMeasuredInMetres) {
  const geo::Crs degrees = geo::Crs::from_user_input("EPSG:4326");
  // 0.001 degrees of latitude are 111 m, of longitude at 60 degrees north 56 m.
  const std::vector<geo::Feature> predicted = {box(10, 60, 0.1, 0.1)};
  const std::vector<PolygonScores> north =
      match_polygons(predicted, std::vector{box(10, 60, 0.1, 0.101)}, std::vector{0.5}, degrees);
  EXPECT_NEAR(*north[0].boundary_m, 111.4 * 5.6 / (2 * 5.6 + 2 * 11.1), 3);
  const std::vector<PolygonScores> east =
      match_polygons(predicted, std::vector{box(10, 60, 0.101, 0.1)}, std::vector{0.5}, degrees);
  EXPECT_NEAR(*east[0].boundary_m, 55.8 * 11.1 / (2 * 5.6 + 2 * 11.1), 3);
}

}  // namespace
}  // namespace scarp::vector

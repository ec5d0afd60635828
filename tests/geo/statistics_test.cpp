// SPDX-License-Identifier: Apache-2.0
#include "geo/statistics.h"

#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/memory_scene.h"

namespace scarp::geo {
namespace {

TEST(RunningStatistics, FourNumbersByHand) {
  RunningStatistics statistics;
  statistics.add(std::vector<float>{2, 4, 99, 4, 6}, std::vector<std::uint8_t>{1, 1, 0, 1, 1});
  EXPECT_EQ(statistics.count(), 4);
  EXPECT_DOUBLE_EQ(statistics.mean(), 4);
  EXPECT_DOUBLE_EQ(statistics.deviation(), std::sqrt(2.0));
  EXPECT_EQ(statistics.minimum(), 2);
  EXPECT_EQ(statistics.maximum(), 6);
}

TEST(RunningStatistics, PiecesThatAreMergedGiveWhatTwoPassesGive) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal(5000, 2);
  std::vector<RunningStatistics> pieces(5);
  std::vector<double> all;
  for (RunningStatistics& piece : pieces) {
    std::vector<float> values;
    std::vector<std::uint8_t> valid;
    for (unsigned i = 0; i < 400 + random() % 600; ++i) {
      values.push_back(normal(random));
      valid.push_back(random() % 4 != 0);
      if (valid.back() != 0) all.push_back(values.back());
    }
    piece.add(values, valid);
  }
  RunningStatistics merged;
  for (const RunningStatistics& piece : pieces) merged.merge(piece);
  double sum = 0;
  for (const double value : all) sum += value;
  const double mean = sum / static_cast<double>(all.size());
  double squares = 0;
  for (const double value : all) squares += (value - mean) * (value - mean);
  EXPECT_EQ(merged.count(), static_cast<std::int64_t>(all.size()));
  EXPECT_NEAR(merged.mean(), mean, 1e-9);
  EXPECT_NEAR(merged.deviation(), std::sqrt(squares / static_cast<double>(all.size())), 1e-9);
  EXPECT_EQ(merged.minimum(), *std::min_element(all.begin(), all.end()));
  EXPECT_EQ(merged.maximum(), *std::max_element(all.begin(), all.end()));
}

TEST(RunningStatistics, NothingOrOneValueHasNoDeviation) {
  RunningStatistics statistics;
  EXPECT_EQ(statistics.deviation(), 0);
  statistics.merge(RunningStatistics());
  EXPECT_EQ(statistics.count(), 0);
  statistics.add(std::vector<float>{-3}, std::vector<std::uint8_t>{1});
  EXPECT_EQ(statistics.deviation(), 0);
  EXPECT_EQ(statistics.maximum(), -3);
}

TEST(RunningStatistics, ValuesWithoutFlagsAreRefused) {
  test::expect_fault(Fault::bad_argument, "2 values come with 1 validity flags", [] {
    RunningStatistics().add(std::vector<float>{1, 2}, std::vector<std::uint8_t>{1});
  });
}

}  // namespace
}  // namespace scarp::geo

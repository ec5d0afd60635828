// SPDX-License-Identifier: Apache-2.0
#include "nn/training/precision_probe.h"

#include <vector>

#include <gtest/gtest.h>

namespace scarp::nn {
namespace {

/// Seconds that each step is said to take.
struct StepTimes {
  std::vector<double> fp32, bf16;
};

Precision faster_of(StepTimes times) {
  const Precision found = faster_precision([&](Precision asked) {
    auto& own = asked == Precision::bf16 ? times.bf16 : times.fp32;
    const double seconds = own.back();
    own.pop_back();
    return seconds;
  });
  EXPECT_TRUE(times.fp32.empty() && times.bf16.empty());
  return found;
}

TEST(FasterPrecision, Bf16MustWinByATenth) {
  EXPECT_EQ(faster_of({{1, 1, 1}, {0.8, 0.8, 0.8}}), Precision::bf16);
  EXPECT_EQ(faster_of({{1, 1, 1}, {0.95, 0.95, 0.95}}), Precision::fp32);
  EXPECT_EQ(faster_of({{1, 1, 1}, {2, 2, 2}}), Precision::fp32);
}

TEST(FasterPrecision, TheFastestOfEachCounts) {
  EXPECT_EQ(faster_of({{1, 5, 5}, {0.9, 0.9, 0.9}}), Precision::fp32);
  EXPECT_EQ(faster_of({{1, 1, 1}, {5, 0.5, 5}}), Precision::bf16);
}

}  // namespace
}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include "nn/training/learning_rate.h"

#include <cmath>

#include <gtest/gtest.h>

namespace scarp::nn {
namespace {

TEST(LearningRate, RisesInEqualStepsThenFallsAlongHalfACosine) {
  EXPECT_DOUBLE_EQ(learning_rate_at(2, 0, 4, 12), 0.5);
  EXPECT_DOUBLE_EQ(learning_rate_at(2, 3, 4, 12), 2);
  EXPECT_DOUBLE_EQ(learning_rate_at(2, 4, 4, 12), 2);
  EXPECT_DOUBLE_EQ(learning_rate_at(2, 6, 4, 12), 1 + std::sqrt(0.5));
  EXPECT_DOUBLE_EQ(learning_rate_at(2, 8, 4, 12), 1);
  EXPECT_NEAR(learning_rate_at(2, 11, 4, 12), 1 - std::cos(std::acos(-1.0) / 8), 1e-12);
}

TEST(LearningRate, IsPositiveAtEveryStepAndNeverAboveTheHighest) {
  for (const int warmup : {0, 1, 7, 40}) {
    for (int step = 0; step < 40; ++step) {
      EXPECT_GT(learning_rate_at(1e-3, step, warmup, 40), 0) << warmup << " " << step;
      EXPECT_LE(learning_rate_at(1e-3, step, warmup, 40), 1e-3);
    }
  }
}

}  // namespace
}  // namespace scarp::nn

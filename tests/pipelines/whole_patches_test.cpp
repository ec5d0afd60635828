// SPDX-License-Identifier: Apache-2.0
#include "pipelines/pretraining/whole_patches.h"

#include <vector>

#include <gtest/gtest.h>

namespace scarp::pipelines {
namespace {

TEST(WholePatches, APixelWithoutDataTakesItsPatchOut) {
  std::vector<std::uint8_t> valid(36, 1);
  EXPECT_EQ(whole_share(valid, 6, 3), 1);
  valid[0] = 0;
  valid[7] = 0;  // the same patch
  EXPECT_EQ(whole_share(valid, 6, 3), 0.75);
  valid[3 * 6 + 5] = 0;
  EXPECT_EQ(whole_share(valid, 6, 3), 0.5);
}

}  // namespace
}  // namespace scarp::pipelines

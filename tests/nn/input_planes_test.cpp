// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/input_planes.h"

#include <limits>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "tests/support/golden_tensors.h"
#include "tests/support/toy_training.h"

namespace scarp::nn {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

ModelCard two_channels() {
  ModelCard card = test::toy_card();
  card.optical = {{"red", "", 100, 50}};
  card.terrain = {{"slope", "degree", 10, 5}};
  return card;
}

at::Tensor row(std::initializer_list<float> values) {
  return torch::tensor(at::ArrayRef<float>(values)).view({1, 1, 1, -1});
}
at::Tensor mask(std::initializer_list<bool> values) {
  return torch::tensor(at::ArrayRef<bool>(values)).view({1, 1, 1, -1});
}

TEST(InputNormaliser, ScalesClampsAndMarksWhatIsValid) {
  const InputNormaliser normalise(two_channels(), at::kCPU);
  const auto planes = normalise(row({100, 150, 1e9F, -1e9F, 0}), row({10, 15, 0, 10, 10}),
                                mask({true, true, true, true, true}), mask({true, true, true, false, true}));
  EXPECT_TRUE(test::same_bits(planes.optical[0][0][0], torch::tensor({0.0F, 1.0F, 10.0F, -10.0F, -2.0F})));
  EXPECT_TRUE(test::same_bits(planes.optical[0][1][0], torch::ones({5})));
  EXPECT_TRUE(test::same_bits(planes.terrain[0][0][0], torch::tensor({0.0F, 1.0F, -2.0F, 0.0F, 0.0F})));
  EXPECT_TRUE(test::same_bits(planes.terrain[0][1][0], torch::tensor({1.0F, 1.0F, 1.0F, 0.0F, 1.0F})));
}

TEST(InputNormaliser, NeverLooksAtWhatAnInvalidPixelHolds) {
  const InputNormaliser normalise(two_channels(), at::kCPU);
  const auto valid = mask({true, false, false, true}), terrain_valid = mask({true, true, true, false});
  const auto clean = normalise(row({120, 0, 0, 90}), row({3, 0, 0, 0}), valid, terrain_valid);
  const float infinity = std::numeric_limits<float>::infinity();
  const auto spoilt =
      normalise(row({120, kNan, infinity, 90}), row({3, kNan, -infinity, kNan}), valid, terrain_valid);
  EXPECT_TRUE(test::same_bits(clean.optical, spoilt.optical));
  EXPECT_TRUE(test::same_bits(clean.terrain, spoilt.terrain));
}

TEST(InputNormaliser, GivesNoPlanesForABranchWithoutChannels) {
  ModelCard card = two_channels();
  card.terrain.clear();
  const InputNormaliser normalise(card, at::kCPU);
  const auto planes = normalise(row({1, 2}), at::Tensor(), mask({true, true}), mask({true, true}));
  EXPECT_TRUE(planes.optical.defined());
  EXPECT_FALSE(planes.terrain.defined());
}

}  // namespace
}  // namespace scarp::nn

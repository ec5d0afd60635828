// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/contrast_queue.h"

#include <deque>
#include <random>

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "nn/error.h"
#include "tests/support/golden_tensors.h"
#include "tests/support/toy_training.h"

namespace scarp::nn {
namespace {

at::Tensor directions(const std::vector<double>& degrees) {
  const auto angle = torch::tensor(degrees, torch::kFloat32) * (3.14159265358979 / 180);
  return torch::stack({angle.cos(), angle.sin()}, 1);
}

/// Filled slots of one category, as sorted angles in degrees.
std::vector<int> angles_of(const ContrastSet& set, int category) {
  std::vector<int> angles;
  for (std::int64_t i = 0; i < set.labels.size(0); ++i) {
    if (!set.valid[i].item<bool>() || set.labels[i].item<int>() != category) continue;
    angles.push_back(static_cast<int>(
        std::lround(std::atan2(set.embeddings[i][1].item<double>(), set.embeddings[i][0].item<double>()) *
                    180 / 3.14159265358979)));
  }
  std::sort(angles.begin(), angles.end());
  return angles;
}

TEST(ContrastQueues, KeepTheLastOfEachCategory) {
  ContrastQueues queues(2, 3, 2, at::kCPU);
  queues.enqueue(directions({10, 20, 30, 40}), torch::tensor({0, 1, 0, 0}));
  queues.enqueue(directions({50, 60}), torch::tensor({0, 1}));
  EXPECT_THAT(angles_of(queues.filled(0), 0), testing::ElementsAre(30, 40, 50));
  EXPECT_THAT(angles_of(queues.filled(0), 1), testing::ElementsAre(20, 60));
}

TEST(ContrastQueues, EqualOneDequeACategory) {
  std::mt19937_64 random(4);
  ContrastQueues queues(3, 7, 2, at::kCPU);
  std::deque<int> expected[3];
  for (int step = 0; step < 60; ++step) {
    std::vector<double> degrees;
    std::vector<std::int64_t> labels;
    for (std::uint64_t i = random() % 12; i > 0; --i) {
      degrees.push_back(static_cast<double>(random() % 180));
      labels.push_back(static_cast<std::int64_t>(random() % 5) - 1);  // -1 and 3 are no category
      if (labels.back() < 0 || labels.back() > 2) continue;
      auto& ring = expected[labels.back()];
      ring.push_back(static_cast<int>(degrees.back()));
      if (ring.size() > 7) ring.pop_front();
    }
    if (degrees.empty()) continue;
    queues.enqueue(directions(degrees), torch::tensor(labels));
    for (int category = 0; category < 3; ++category) {
      std::vector<int> sorted(expected[category].begin(), expected[category].end());
      std::sort(sorted.begin(), sorted.end());
      ASSERT_EQ(angles_of(queues.filled(0), category), sorted) << step;
    }
  }
}

TEST(ContrastQueues, GiveNothingBeforeEveryRingIsWarm) {
  ContrastQueues queues(2, 4, 2, at::kCPU);
  queues.enqueue(directions({1, 2, 3}), torch::tensor({0, 0, 1}));
  EXPECT_FALSE(queues.filled(2).valid.any().item<bool>());
  queues.enqueue(directions({4}), torch::tensor({1}));
  EXPECT_EQ(queues.filled(2).valid.sum().item<int>(), 4);
}

TEST(ContrastQueues, HoldEmbeddingsOfLengthOne) {
  ContrastQueues queues(1, 2, 2, at::kCPU);
  queues.enqueue(7 * directions({30}), torch::tensor({0}));
  EXPECT_NEAR(queues.filled(0).embeddings[0].norm().item<double>(), 1, 1e-6);
}

TEST(ContrastQueues, ComeBackFromACheckpointAsTheyWere) {
  ContrastQueues queues(2, 3, 2, at::kCPU), again(2, 3, 2, at::kCPU);
  queues.enqueue(directions({10, 20, 30, 40, 50}), torch::tensor({0, 1, 0, 0, 0}));
  NamedTensors tensors;
  queues.save(tensors);
  again.load(tensors, "run");
  for (ContrastQueues* each : {&queues, &again}) each->enqueue(directions({60}), torch::tensor({0}));
  EXPECT_TRUE(test::same_bits(queues.filled(0).embeddings, again.filled(0).embeddings));
  EXPECT_TRUE(test::same_bits(queues.filled(0).valid, again.filled(0).valid));
}

TEST(ContrastQueues, RefuseACheckpointOfAnotherWidthOrOfNone) {
  ContrastQueues queues(2, 3, 4, at::kCPU), other(2, 3, 2, at::kCPU);
  NamedTensors tensors;
  queues.save(tensors);
  const auto [fault, text] = test::nn_error_of([&] { other.load(tensors, "last.safetensors"); });
  EXPECT_EQ(fault, Fault::mismatch);
  EXPECT_THAT(text, testing::HasSubstr("last.safetensors: queue.embeddings has the shape [2, 3, 4]"));
  EXPECT_THAT(test::nn_error_of([&] { other.load({}, "last.safetensors"); }).second,
              testing::HasSubstr("has no queue.embeddings"));
}

}  // namespace
}  // namespace scarp::nn

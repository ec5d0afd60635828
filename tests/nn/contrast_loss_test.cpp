// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <torch/torch.h>

#include "nn/torch/contrast.h"
#include "tests/support/golden_tensors.h"

namespace scarp::nn {
namespace {

/// The formula by two loops, in double precision.
double by_loops(const at::Tensor& z,
                const at::Tensor& labels,
                const at::Tensor& anchors,
                double temperature) {
  double sum = 0;
  int counted = 0;
  const auto s = (torch::matmul(z, z.t()) / temperature).contiguous();
  for (std::int64_t a = 0; a < anchors.size(0); ++a) {
    const auto i = anchors[a].item<std::int64_t>();
    double total = 0;
    int positives = 0;
    for (std::int64_t j = 0; j < z.size(0); ++j) {
      if (j == i || !labels[j].equal(labels[i])) continue;
      double all = std::exp(s[i][j].item<double>());
      for (std::int64_t k = 0; k < z.size(0); ++k)
        if (!labels[k].equal(labels[i])) all += std::exp(s[i][k].item<double>());
      total += std::log(all) - s[i][j].item<double>();
      ++positives;
    }
    if (positives == 0) continue;
    sum += total / positives;
    ++counted;
  }
  return counted == 0 ? 0 : sum / counted;
}

at::Tensor unit_rows(std::int64_t rows, std::int64_t width, std::uint64_t seed) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const auto x = torch::empty({rows, width}, torch::kFloat64).normal_(0, 1, generator);
  return x / x.norm(2, 1, true);
}

TEST(ContrastLoss, EqualsTheDoubleLoop) {
  for (const double temperature : {0.05, 0.1, 0.5}) {
    const auto z = unit_rows(20, 6, 3);
    const auto labels = torch::arange(20).remainder(3);
    const auto anchors = torch::tensor({0, 3, 7, 12, 19});
    EXPECT_NEAR(contrast_loss(z, labels, anchors, temperature).loss.item<double>(),
                by_loops(z, labels, anchors, temperature), 1e-9);
  }
}

TEST(ContrastLoss, ItsGradientIsThatOfDifferences) {
  const auto z = unit_rows(9, 4, 5).requires_grad_();
  const auto labels = torch::tensor({0, 1, 0, 1, 2, 0, 1, 2, 2});
  const auto anchors = torch::tensor({0, 1, 4, 8});
  contrast_loss(z, labels, anchors, 0.3).loss.backward();
  const torch::NoGradGuard no_grad;
  constexpr double kStep = 1e-6;
  for (std::int64_t row = 0; row < 9; ++row) {
    for (std::int64_t col = 0; col < 4; ++col) {
      const auto moved = [&](double by) {
        auto other = z.detach().clone();
        other[row][col] += by;
        return contrast_loss(other, labels, anchors, 0.3).loss.item<double>();
      };
      EXPECT_NEAR(z.grad()[row][col].item<double>(), (moved(kStep) - moved(-kStep)) / (2 * kStep), 1e-8);
    }
  }
}

TEST(ContrastLoss, WithoutAnyPositiveItIsZeroWithAZeroGradient) {
  const auto z = unit_rows(4, 3, 1).requires_grad_();
  const auto result = contrast_loss(z, torch::arange(4), torch::arange(4), 0.1);
  result.loss.backward();
  EXPECT_EQ(result.loss.item<double>(), 0);
  EXPECT_FALSE(result.has_positive.any().item<bool>());
  EXPECT_TRUE(torch::equal(z.grad(), torch::zeros_like(z)));
}

TEST(ContrastLoss, WithoutAnchorsItIsZeroWithAGraph) {
  const auto z = unit_rows(4, 3, 1).requires_grad_();
  const auto result = contrast_loss(z, torch::arange(4), torch::empty({0}, torch::kInt64), 0.1);
  EXPECT_EQ(result.loss.item<double>(), 0);
  EXPECT_TRUE(result.loss.requires_grad());
}

TEST(ContrastLoss, AColdTemperatureStaysFinite) {
  const auto z = unit_rows(12, 8, 2).to(torch::kFloat32).requires_grad_();
  const auto result = contrast_loss(z, torch::arange(12).remainder(2), torch::arange(12), 0.005);
  result.loss.backward();
  EXPECT_TRUE(std::isfinite(result.loss.item<float>()));
  EXPECT_TRUE(torch::isfinite(z.grad()).all().item<bool>());
}

// A zero row labelled 0 in a queue that is not full would be a negative of every landslide.
TEST(ContrastLoss, ASlotThatWasNeverFilledTakesNoPart) {
  const auto z = unit_rows(4, 5, 9);
  const auto labels = torch::tensor({0, 1, 0, 1});
  const auto filled = unit_rows(6, 5, 10);
  const auto kinds = torch::tensor({0, 1, 0, 1, 0, 1});
  const ContrastSet full{filled, kinds, torch::ones({6}, torch::kBool)};
  const ContrastSet padded{torch::cat({filled, torch::zeros({3, 5}, torch::kFloat64)}),
                           torch::cat({kinds, torch::zeros({3}, torch::kInt64)}),
                           torch::cat({torch::ones({6}, torch::kBool), torch::zeros({3}, torch::kBool)})};
  EXPECT_EQ(contrast_loss(z, labels, torch::arange(4), 0.1, &full).loss.item<double>(),
            contrast_loss(z, labels, torch::arange(4), 0.1, &padded).loss.item<double>());
}

// The contrast set is the queue: an anchor's own number in the batch hides no slot of it.
TEST(ContrastLoss, AQueueHidesNoSlotFromAnAnchor) {
  const auto z = unit_rows(1, 5, 9);
  const ContrastSet queue{torch::cat({z, unit_rows(1, 5, 4)}), torch::tensor({1, 0}),
                          torch::ones({2}, torch::kBool)};
  EXPECT_TRUE(
      contrast_loss(z, torch::tensor({1}), torch::tensor({0}), 0.1, &queue).has_positive.all().item<bool>());
}

TEST(ContrastLoss, BackgroundIsACategoryLikeOthers) {
  const auto z = unit_rows(6, 4, 8);
  const auto zero_one = torch::tensor({0, 1, 0, 1, 0, 1});
  EXPECT_DOUBLE_EQ(contrast_loss(z, zero_one, torch::tensor({0, 2, 4}), 0.1).loss.item<double>(),
                   contrast_loss(z, 1 - zero_one, torch::tensor({0, 2, 4}), 0.1).loss.item<double>());
}

TEST(ContrastLoss, RefusesWhatDoesNotFit) {
  const auto z = unit_rows(4, 3, 1);
  const auto labels = torch::arange(4);
  EXPECT_THROW(contrast_loss(z, torch::arange(3), labels, 0.1), c10::Error);
  EXPECT_THROW(contrast_loss(z, labels, labels, 0), c10::Error);
  const ContrastSet narrow{unit_rows(4, 2, 1), labels, torch::ones({4}, torch::kBool)};
  EXPECT_THROW(contrast_loss(z, labels, labels, 0.1, &narrow), c10::Error);
}

}  // namespace
}  // namespace scarp::nn

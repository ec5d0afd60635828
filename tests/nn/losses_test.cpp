// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/losses.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "nn/learner.h"

namespace scarp::nn {
namespace {

struct LossCase {
  at::Tensor logits;  // [2, 3, 4, 5]
  at::Tensor labels;  // [2, 4, 5], some unlabelled
};

LossCase loss_case() {
  torch::manual_seed(11);
  LossCase made{torch::randn({2, 3, 4, 5}, torch::kFloat64) * 2,
                torch::randint(0, 3, {2, 4, 5}, torch::kInt64)};
  made.labels.index_put_({0, 1}, kIgnoreLabel);
  made.labels.index_put_({1, 2, 3}, kIgnoreLabel);
  return made;
}

// The definition, pixel by pixel.
double loss_by_loops(const LossCase& given, double dice_weight, const std::vector<double>& weights) {
  double entropy = 0, weight_sum = 0;
  double shared[3] = {}, guessed[3] = {}, true_count[3] = {};
  for (int b = 0; b < 2; ++b) {
    for (int row = 0; row < 4; ++row) {
      for (int col = 0; col < 5; ++col) {
        const auto label = given.labels[b][row][col].item<int>();
        if (label == kIgnoreLabel) continue;
        double exps[3], sum = 0;
        for (int k = 0; k < 3; ++k) sum += exps[k] = std::exp(given.logits[b][k][row][col].item<double>());
        entropy -= weights[static_cast<std::size_t>(label)] * std::log(exps[label] / sum);
        weight_sum += weights[static_cast<std::size_t>(label)];
        for (int k = 0; k < 3; ++k) guessed[k] += exps[k] / sum;
        shared[label] += exps[label] / sum;
        true_count[label] += 1;
      }
    }
  }
  double dice = 0;
  for (int k = 1; k < 3; ++k) dice += (1 - (2 * shared[k] + 1) / (guessed[k] + true_count[k] + 1)) / 2;
  return entropy / weight_sum + dice_weight * dice;
}

TEST(SegmentationLoss, EqualsItsDefinitionPixelByPixel) {
  const auto given = loss_case();
  EXPECT_NEAR(segmentation_loss(given.logits, given.labels, {1, {}}).item<double>(),
              loss_by_loops(given, 1, {1, 1, 1}), 1e-9);
  EXPECT_NEAR(segmentation_loss(given.logits, given.labels, {0, {}}).item<double>(),
              loss_by_loops(given, 0, {1, 1, 1}), 1e-9);
  const SegmentationLossOptions weighted{0.5, torch::tensor({0.25F, 2.0F, 4.0F})};
  EXPECT_NEAR(segmentation_loss(given.logits, given.labels, weighted).item<double>(),
              loss_by_loops(given, 0.5, {0.25, 2, 4}), 1e-9);
}

TEST(SegmentationLoss, GradientIsThatOfCentralDifferences) {
  const auto given = loss_case();
  const SegmentationLossOptions options{1, torch::tensor({0.5F, 1.0F, 3.0F})};
  auto logits = given.logits.clone().requires_grad_();
  segmentation_loss(logits, given.labels, options).backward();
  const double step = 1e-5;
  for (std::int64_t i = 0; i < logits.numel(); i += 7) {
    const auto moved = [&](double by) {
      auto changed = given.logits.clone();
      changed.view(-1)[i] += by;
      return segmentation_loss(changed, given.labels, options).item<double>();
    };
    EXPECT_NEAR(logits.grad().reshape(-1)[i].item<double>(), (moved(step) - moved(-step)) / (2 * step), 1e-8)
        << i;
  }
}

TEST(SegmentationLoss, UnlabelledPixelsMayHoldAnything) {
  const auto given = loss_case();
  auto spoilt = given.logits.clone();
  spoilt.index_put_({0, torch::indexing::Slice(), 1}, std::numeric_limits<double>::quiet_NaN());
  spoilt.requires_grad_();
  const auto loss = segmentation_loss(spoilt, given.labels, {});
  EXPECT_EQ(loss.item<double>(), segmentation_loss(given.logits, given.labels, {}).item<double>());
  loss.backward();
  EXPECT_TRUE(spoilt.grad().isfinite().all().item<bool>());
}

TEST(SegmentationLoss, IsZeroWithAGraphWhereNothingIsLabelled) {
  auto logits = torch::randn({1, 2, 4, 4}).requires_grad_();
  const auto loss = segmentation_loss(logits, torch::full({1, 4, 4}, kIgnoreLabel, torch::kInt64), {});
  EXPECT_EQ(loss.item<float>(), 0);
  loss.backward();
  EXPECT_EQ(logits.grad().abs().max().item<float>(), 0);
}

// Single precision on the processor goes another way than double precision and other devices.
TEST(SegmentationLoss, InSinglePrecisionLossAndGradientAreThoseOfDoublePrecision) {
  const auto given = loss_case();
  for (const SegmentationLossOptions& options :
       {SegmentationLossOptions{1, {}}, {0, {}}, {0.5, torch::tensor({0.25F, 2.0F, 4.0F})}}) {
    auto plain = given.logits.clone().requires_grad_();
    auto fused = given.logits.to(torch::kFloat32).requires_grad_();
    const auto wanted = segmentation_loss(plain, given.labels, options);
    const auto loss = segmentation_loss(fused, given.labels, options);
    EXPECT_NEAR(loss.item<float>(), wanted.item<double>(), 1e-6);
    (3 * wanted).backward();
    (3 * loss).backward();
    EXPECT_TRUE(fused.grad().to(torch::kFloat64).allclose(plain.grad(), 1e-5, 1e-7));
  }
}

TEST(SegmentationLoss, InSinglePrecisionUnlabelledPixelsMayHoldAnything) {
  const auto given = loss_case();
  auto spoilt = given.logits.to(torch::kFloat32);
  spoilt.index_put_({0, torch::indexing::Slice(), 1}, std::numeric_limits<float>::quiet_NaN());
  spoilt.requires_grad_();
  const auto loss = segmentation_loss(spoilt, given.labels, {});
  EXPECT_NEAR(loss.item<float>(), segmentation_loss(given.logits, given.labels, {}).item<double>(), 1e-6);
  loss.backward();
  EXPECT_TRUE(spoilt.grad().isfinite().all().item<bool>());
  auto lost = given.logits.to(torch::kFloat32);
  lost.index_put_({1, 0, 0, 0}, std::numeric_limits<float>::quiet_NaN());
  EXPECT_TRUE(std::isnan(segmentation_loss(lost, given.labels, {}).item<float>())) << "a labelled one shows";
}

TEST(SegmentationLoss, TakesBytesAsLabels) {
  const auto given = loss_case();
  EXPECT_EQ(segmentation_loss(given.logits, given.labels.to(torch::kUInt8), {}).item<double>(),
            segmentation_loss(given.logits, given.labels, {}).item<double>());
}

TEST(SegmentationLoss, RefusesShapesThatDoNotFit) {
  EXPECT_THROW(segmentation_loss(torch::zeros({1, 2, 4, 4}), torch::zeros({1, 4, 5}, torch::kInt64), {}),
               c10::Error);
}

}  // namespace
}  // namespace scarp::nn

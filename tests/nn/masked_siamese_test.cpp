// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/masked_siamese.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "tests/support/golden_tensors.h"

namespace scarp::nn {
namespace {

using test::largest_difference;

struct PageCase {
  at::Tensor prototypes = torch::tensor({{1., 0.}, {0., 1.}, {-1., 0.}}, torch::kFloat64);
  at::Tensor anchors = torch::tensor({{1., .2}, {.1, 1.}}, torch::kFloat64);
  at::Tensor targets = torch::tensor({{1., 0.}, {.3, 1.}}, torch::kFloat64);
  SiameseLossOptions options{.5, .25, 1, 0, 0};
};

TEST(SiameseLoss, EqualsTheNumbersOfTheMethodsPage) {
  PageCase page;
  const auto plain = siamese_loss(page.anchors, page.targets, page.prototypes, page.options);
  EXPECT_NEAR(plain.cross_entropy.item<double>(), .2301695, 1e-7);
  EXPECT_NEAR(plain.me_max.item<double>(), .2374662, 1e-7);
  EXPECT_LT(
      largest_difference(
          plain.targets,
          torch::tensor({{.9996645, .0003354, 1.125e-7}, {.0046609, .9952921, .00004696}}, torch::kFloat64)),
      1e-7);
  page.options.sinkhorn_rounds = 3;
  const auto balanced = siamese_loss(page.anchors, page.targets, page.prototypes, page.options);
  EXPECT_NEAR(balanced.cross_entropy.item<double>(), .7903650, 1e-7);
  EXPECT_LT(largest_difference(
                balanced.targets,
                torch::tensor({{.989287, .001331, .009383}, {.000586, .501749, .497665}}, torch::kFloat64)),
            1e-6);
}

TEST(SiameseLoss, SendsNoGradientThroughTheTargets) {
  PageCase page;
  auto targets = page.targets.clone().requires_grad_();
  auto prototypes = page.prototypes.clone().requires_grad_();
  const auto loss = siamese_loss(page.anchors, targets, prototypes, page.options);
  EXPECT_FALSE(loss.targets.requires_grad());
  loss.total.backward();
  EXPECT_FALSE(targets.grad().defined());
}

// Half of the prototypes lie opposite to all targets: exp(-1000) is zero in either precision.
TEST(SiameseLoss, BalancesTargetsAtATemperatureWhereProbabilitiesVanish) {
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(5);
  const auto way = torch::randn({1, 8}, generator);
  const auto spread = 0.2 * torch::randn({12, 8}, generator);
  const auto prototypes = torch::cat({way + spread.narrow(0, 0, 3), -way + spread.narrow(0, 3, 3)});
  const auto targets = way + spread.narrow(0, 6, 4);
  const SiameseLossOptions options{.02, .1, 1, 0, 3};
  const auto loss = siamese_loss(targets, targets, prototypes, options);
  EXPECT_TRUE(loss.targets.isfinite().all().item<bool>());
  EXPECT_LT(largest_difference(loss.targets.sum(1), torch::ones({4})), 1e-6);
  EXPECT_TRUE(loss.total.isfinite().item<bool>());
}

TEST(SiameseLoss, TreatsViewsOneAfterTheOther) {
  PageCase page;
  const auto one = siamese_loss(page.anchors, page.targets, page.prototypes, page.options);
  const auto two = siamese_loss(page.anchors.repeat({2, 1}), page.targets, page.prototypes, page.options);
  EXPECT_LT(largest_difference(one.total, two.total), 1e-12);
}

SiameseEncoder small_encoder(std::uint64_t seed) {
  SiameseOptions options;
  options.encoder.channels = 1;
  options.encoder.patch = 4;
  options.encoder.grid = {4, 4};
  options.encoder.width = 16;
  options.encoder.depth = 1;
  options.encoder.heads = 2;
  options.encoder.positions = PositionKind::learned;
  options.hidden = 32;
  options.outputs = 16;
  SiameseEncoder encoder(options);
  initialise(*encoder, Initialisation::siamese, at::make_generator<at::CPUGeneratorImpl>(seed));
  return encoder;
}

TEST(SiameseEncoder, ProjectsAllViewsInOrder) {
  auto encoder = small_encoder(1);
  encoder->eval();
  const auto a = torch::randn({3, 1, 16, 16}), b = torch::randn({3, 1, 16, 16}),
             c = torch::randn({3, 1, 8, 8});
  const auto kept = torch::tensor({0, 5, 9, 12});
  const auto z = encoder->anchors({{a, b}, kept, {c}});
  EXPECT_LT(largest_difference(z.narrow(0, 3, 3), encoder->project(encoder->class_token(b, kept))), 1e-5);
  EXPECT_LT(largest_difference(z.narrow(0, 6, 3), encoder->target(c)), 1e-5);
}

TEST(SiameseOptions, AreRefusedByName) {
  SiameseOptions options = small_encoder(1)->siamese;
  options.hidden = 0;
  EXPECT_THROW(options.check(), std::invalid_argument);
}

}  // namespace
}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/hard_patches_mining.h"

#include <cmath>

#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "nn/training/adamw.h"
#include "nn/training/parameter_average.h"
#include "tests/support/golden_tensors.h"

namespace scarp::nn {
namespace {

using test::largest_difference;

at::Tensor one_image(std::vector<double> values) {
  return torch::tensor(values, torch::kFloat64).unsqueeze(0);
}

TEST(RelativeLoss, EqualsTheNumbersOfTheMethodsPage) {
  EXPECT_NEAR(relative_loss(one_image({.2, -.1, .5}), one_image({1, 2, 1.5})).item<double>(), 0.8153971755,
              1e-10);
  EXPECT_NEAR(relative_loss(one_image({.2, -.1, .5, 0}), one_image({1, 2, 1.5, 1.5})).item<double>(),
              0.7977445459, 1e-10);
  EXPECT_NEAR(relative_loss(one_image({1, 1, 1}), one_image({1, 2, 1.5})).item<double>(), 0.6931451806,
              1e-10);
  EXPECT_NEAR(absolute_loss(one_image({.2, -.1, .5}), one_image({1, 2, 1.5})).item<double>(), 0.9666636,
              1e-6);
}

// 1 - sigmoid(13) is 2e-6, of which single precision keeps two digits; sigmoid(-13) it keeps whole. Where all
// pairs are right and far apart, nothing else is left of the gradient.
TEST(RelativeLoss, IsExactInSinglePrecisionWhereTheSigmoidSaturates) {
  const auto targets = one_image({4, 3, 2, 1, 5});
  for (const auto& predicted : {one_image({-13, 0, 12.5, 25, -30}), one_image({13, 0, -12.5, -26, 29})}) {
    auto exact = predicted.clone().requires_grad_();
    auto single = predicted.to(torch::kFloat32).requires_grad_();
    const auto wanted = relative_loss(exact, targets);
    const auto found = relative_loss(single, targets.to(torch::kFloat32));
    wanted.backward();
    found.backward();
    EXPECT_NEAR(found.item<double>(), wanted.item<double>(), 1e-9 + 1e-6 * std::abs(wanted.item<double>()));
    EXPECT_LT(largest_difference(single.grad().to(torch::kFloat64), exact.grad()),
              1e-5 * exact.grad().abs().max().item<double>());
  }
}

TEST(RelativeLoss, IsZeroWithoutAnyPair) {
  auto predicted = one_image({.2, -.1, .5}).requires_grad_();
  const auto loss = relative_loss(predicted, one_image({1, 1, 1}));
  loss.backward();
  EXPECT_EQ(loss.item<double>(), 0);
  EXPECT_EQ(predicted.grad().abs().max().item<double>(), 0);
}

TEST(PairAccuracy, CountsPairsInTheRightOrder) {
  EXPECT_DOUBLE_EQ(pair_accuracy(one_image({1, 2, 3}), one_image({1, 2, 3})).item<double>(), 1);
  EXPECT_DOUBLE_EQ(pair_accuracy(one_image({3, 2, 1}), one_image({1, 2, 3})).item<double>(), 0);
  EXPECT_DOUBLE_EQ(pair_accuracy(one_image({1, 3, 2}), one_image({1, 2, 3})).item<double>(), 2.0 / 3);
}

TEST(HardPatches, RiseFromNoneToHalf) {
  const auto at = [](std::int64_t epoch) { return hard_patches(147, epoch, 200); };
  EXPECT_EQ(at(0), 0);
  EXPECT_EQ(at(2), 1);
  EXPECT_EQ(at(49), 18);
  EXPECT_EQ(at(99), 36);
  EXPECT_EQ(at(199), 73);
  EXPECT_EQ(hard_patches(300, 21, 60), 54);
  EXPECT_EQ(hard_patches(300, 43, 60), 109);
}

TEST(HardMasking, RemovesAllHardPatchesAndTheRightNumber) {
  const auto scores = torch::rand({50, 64}), noise = torch::rand({50, 64});
  const auto hard = hardest(scores, 12);
  const auto removed = hard_masking(noise, hard, 16).removed();
  EXPECT_TRUE(torch::equal(removed.sum(1), torch::full({50}, 48)));
  EXPECT_TRUE((removed | hard.logical_not()).all().item<bool>());
}

// Chi-square of how often each other patch is removed; 63 degrees of freedom, p > 0.001 below 103.4.
TEST(HardMasking, RemovesTheOthersEvenly) {
  constexpr std::int64_t kDraws = 20'000, kPatches = 76, kHard = 12, kKept = 19;
  auto random = at::make_generator<at::CPUGeneratorImpl>(11);
  auto scores = torch::zeros({1, kPatches});
  scores.narrow(1, 0, kHard).fill_(1);
  const auto hard = hardest(scores, kHard).expand({kDraws, kPatches});
  const auto removed = hard_masking(torch::rand({kDraws, kPatches}, random), hard, kKept).removed();
  const auto counts = removed.narrow(1, kHard, kPatches - kHard).sum(0).to(torch::kFloat64);
  const double chance = static_cast<double>(kPatches - kKept - kHard) / (kPatches - kHard);
  const double variance = kDraws * chance * (1 - chance);
  const double chi_square = ((counts - kDraws * chance).square() / variance).sum().item<double>();
  EXPECT_LT(chi_square * (kPatches - kHard - 1.0) / (kPatches - kHard), 103.4);
}

TEST(Teacher, DecaysSlowerWithTheEpochs) {
  EXPECT_DOUBLE_EQ(teacher_decay(0), 0.999);
  EXPECT_DOUBLE_EQ(teacher_decay(50), 0.99945);
  EXPECT_DOUBLE_EQ(teacher_decay(100), 0.9999);
  EXPECT_DOUBLE_EQ(teacher_decay(500), 0.9999);
}

HardPatchesMiner small_miner() {
  MaskedAutoencoderOptions options;
  options.encoder.channels = 1;
  options.encoder.patch = 4;
  options.encoder.grid = {8, 8};
  options.encoder.width = 32;
  options.encoder.depth = 2;
  options.encoder.heads = 2;
  options.decoder_width = 32;
  options.decoder_depth = 1;
  options.decoder_heads = 2;
  HardPatchesMiner network(options);
  initialise(*network, Initialisation::masked_autoencoder, at::make_generator<at::CPUGeneratorImpl>(3));
  return network;
}

TEST(HardPatchesMiner, ScoresWholeImagesAsItPredictsThem) {
  auto network = small_miner();
  const auto images = torch::randn({2, 1, 32, 32});
  const auto whole = masking_of(torch::zeros({2, 64}, torch::kBool), 64);
  EXPECT_LT(largest_difference(network->scores(images), network->predict(images, whole).predicted), 1e-6);
}

// Smooth ground that differs from image to image, and a square of noise in one place of all: [N, 1, 32, 32]
// and the patches of the square [N, 64].
std::pair<at::Tensor, at::Tensor> planted(std::int64_t count, const at::Generator& random) {
  auto images = torch::zeros({count, 1, 32, 32});
  auto hard = torch::zeros({count, 8, 8}, torch::kBool);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto phase = torch::rand({1}, random).item<double>() * 6;
    images[i][0] = (torch::arange(32) * 0.1 + phase).sin().expand({32, 32});
    const std::int64_t y = 2, x = 3;
    images[i][0].narrow(0, 4 * y, 12).narrow(1, 4 * x, 12) += torch::randn({12, 12}, random);
    hard[i].narrow(0, y, 3).narrow(1, x, 3).fill_(true);
  }
  return {images, hard.view({count, 64})};
}

TEST(HardPatchesMiner, MinesAPlantedHardRegionTwiceAsOftenAsChance) {
  auto random = at::make_generator<at::CPUGeneratorImpl>(17);
  auto student = small_miner(), teacher = small_miner();
  NamedParameters parameters;
  for (const auto& item : student->named_parameters()) {
    if (item.value().requires_grad()) parameters.emplace_back(item.key(), item.value());
  }
  AdamW optimiser(parameters, {0.9, 0.95, 1e-8, 0.05});
  const std::int64_t kept = kept_patches(64, .75), epochs = 120;
  for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
    const auto images = planted(16, random).first;
    Masking masking;
    {
      const torch::NoGradGuard no_grad;
      const auto hard = hardest(teacher->scores(images), hard_patches(64 - kept, epoch, epochs));
      masking = hard_masking(torch::rand({16, 64}, random), hard, kept);
    }
    optimiser.zero_gradients();
    const auto losses = student->losses(images, masking);
    (losses.reconstruction + relative_loss(losses.predicted, losses.patches)).backward();
    optimiser.step(2e-3);
    average_parameters(*teacher, *student, 0.9);
  }
  const torch::NoGradGuard no_grad;
  const auto [images, region] = planted(64, random);
  const auto mined = hardest(teacher->scores(images), 9);
  const double share = (mined & region).sum().item<double>() / mined.sum().item<double>();
  EXPECT_GT(share, 2 * 9.0 / 64);
}

}  // namespace
}  // namespace scarp::nn

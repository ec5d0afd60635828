// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/masked_autoencoder.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "nn/error.h"
#include "tests/support/golden_tensors.h"

namespace scarp::nn {
namespace {

using test::largest_difference;

MaskedAutoencoder small_autoencoder(bool normalise = false) {
  MaskedAutoencoderOptions options;
  options.encoder.channels = 2;
  options.encoder.patch = 4;
  options.encoder.grid = {4, 6};
  options.encoder.width = 32;
  options.encoder.depth = 2;
  options.encoder.heads = 4;
  options.decoder_width = 16;
  options.decoder_depth = 2;
  options.decoder_heads = 2;
  options.normalise_targets = normalise;
  MaskedAutoencoder network(options);
  initialise(*network, Initialisation::masked_autoencoder, at::make_generator<at::CPUGeneratorImpl>(3));
  return network;
}

TEST(Masking, KeepsTheSmallestNoise) {
  const auto masking = random_masking(torch::tensor({{.30, .90, .10, .50, .70, .20, .60, .40}}), .75);
  EXPECT_EQ(masking.kept, 2);
  EXPECT_TRUE(test::same_bits(masking.order, torch::tensor({{2, 5, 0, 7, 3, 6, 4, 1}})));
  EXPECT_TRUE(test::same_bits(masking.restore(), torch::tensor({{2, 7, 0, 4, 6, 1, 5, 3}})));
  EXPECT_TRUE(test::same_bits(masking.removed().to(torch::kLong), torch::tensor({{1, 1, 0, 1, 1, 0, 1, 1}})));
}

TEST(Masking, CountsInDoubleAsWritten) {
  EXPECT_EQ(kept_patches(196, .75), 49);
  EXPECT_EQ(kept_patches(100, .9), 9);
  EXPECT_EQ(kept_patches(10, .9), 0);
  EXPECT_EQ(kept_patches(25, .8), 4);
  EXPECT_EQ(kept_patches(50, .8), 9);
  EXPECT_EQ(kept_patches(3136, .7), 940);
  EXPECT_EQ(kept_patches(16, 0), 16);
  EXPECT_THROW(kept_patches(16, 1), Error);
  EXPECT_THROW(kept_patches(16, -.1), Error);
}

TEST(Masking, OfAGivenMaskKeepsItsOrder) {
  const auto removed = torch::tensor({{true, false, true, false}, {false, false, true, true}});
  const auto masking = masking_of(removed, 2);
  EXPECT_TRUE(test::same_bits(masking.order, torch::tensor({{1, 3, 0, 2}, {0, 1, 2, 3}})));
  EXPECT_TRUE(test::same_bits(masking.removed(), removed));
}

TEST(Patches, AreNormalisedWithTheUnbiasedVariance) {
  const auto patch = normalised_patches(torch::tensor({{{1.0, 2.0, 3.0, 4.0}}}, torch::kFloat64));
  const auto expected = torch::tensor({{{-1.161895, -.387298, .387298, 1.161895}}}, torch::kFloat64);
  EXPECT_LT(largest_difference(patch, expected), 1e-6);
}

TEST(MaskedAutoencoder, LossIsTheMeanOverRemovedPatches) {
  for (const bool normalise : {false, true}) {
    auto network = small_autoencoder(normalise);
    const auto images = torch::randn({3, 2, 16, 24});
    const auto masking = random_masking(torch::rand({3, 24}), .75);
    const auto found = network->reconstruct(images, masking);
    auto targets = patches_of(images, 4, PatchOrder::channel_last);
    if (normalise) targets = normalised_patches(targets);
    const auto each = (found.patches - targets).square().mean(-1);
    const auto mask = masking.removed().to(torch::kFloat32);
    EXPECT_LT(largest_difference(network(images, masking), (each * mask).sum() / mask.sum()), 1e-6);
  }
}

TEST(MaskedAutoencoder, NeverSeesWhatIsRemoved) {
  auto network = small_autoencoder();
  const auto images = torch::randn({2, 2, 16, 24});
  const auto masking = random_masking(torch::rand({2, 24}), .75);
  const auto pixels =
      images_of(masking.removed().unsqueeze(-1).expand({2, 24, 32}), 4, {4, 6}, PatchOrder::channel_last);
  const auto other = images.where(pixels.logical_not(), torch::randn({2, 2, 16, 24}));
  EXPECT_TRUE(test::same_bits(network->reconstruct(images, masking).patches,
                              network->reconstruct(other, masking).patches));
  EXPECT_FALSE(test::same_bits(network(images, masking), network(other, masking)));
}

// The order of tokens cannot matter: patches kept are a set.
TEST(MaskedAutoencoder, DoesNotMindTheOrderOfTheMasking) {
  auto network = small_autoencoder();
  const auto images = torch::randn({2, 2, 16, 24});
  const auto masking = random_masking(torch::rand({2, 24}), .5);
  const auto raster = masking_of(masking.removed(), masking.kept);
  EXPECT_LT(largest_difference(network->reconstruct(images, masking).patches,
                               network->reconstruct(images, raster).patches),
            1e-5);
}

TEST(MaskedAutoencoder, LearnsToFillASimplePattern) {
  auto network = small_autoencoder();
  const auto ramp = torch::linspace(-1, 1, 24).view({1, 1, 1, 24}).expand({8, 2, 16, 24});
  auto random = at::make_generator<at::CPUGeneratorImpl>(5);
  torch::optim::Adam optimiser(network->parameters(), 3e-3);
  double first = 0, last = 0;
  for (int step = 0; step < 60; ++step) {
    optimiser.zero_grad();
    const auto loss = network(ramp, random_masking(torch::rand({8, 24}, random), .75));
    loss.backward();
    optimiser.step();
    last = loss.item<double>();
    if (step == 0) first = last;
  }
  EXPECT_LT(last, first / 5);
}

TEST(MaskedAutoencoder, HasTheParametersOfThePaper) {
  MaskedAutoencoderOptions options;
  options.encoder = vision_transformer_named("vit-b16");
  options.encoder.grid = {14, 14};
  std::int64_t all = 0, trained = 0;
  for (const auto& parameter : MaskedAutoencoder(options)->parameters()) {
    all += parameter.numel();
    trained += parameter.requires_grad() ? parameter.numel() : 0;
  }
  EXPECT_EQ(all, 111'907'840);
  EXPECT_EQ(trained, 111'655'680);
}

TEST(MaskedAutoencoder, RefusesOptionsOutOfRangeNamingThem) {
  MaskedAutoencoderOptions options = small_autoencoder()->masked;
  options.mask_ratio = 1;
  EXPECT_THROW(options.check(), std::invalid_argument);
  options = small_autoencoder()->masked;
  options.decoder_width = 18;
  EXPECT_THROW(options.check(), std::invalid_argument);
}

}  // namespace
}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/grouped_autoencoder.h"

#include <cmath>

#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "nn/error.h"
#include "tests/support/golden_tensors.h"

namespace scarp::nn {
namespace {

using test::largest_difference;

GroupedAutoencoder optical_and_terrain() {
  GroupedAutoencoderOptions options;
  options.groups = {{"optical", 3, 1e-6, 1}, {"terrain", 2, 1e-2, 0.5}};
  options.encoder.patch = 4;
  options.encoder.grid = {4, 4};
  options.encoder.width = 32;
  options.encoder.depth = 2;
  options.encoder.heads = 4;
  options.decoder_width = 16;
  options.decoder_depth = 1;
  options.decoder_heads = 2;
  GroupedAutoencoder network(options);
  initialise(*network, Initialisation::masked_autoencoder, at::make_generator<at::CPUGeneratorImpl>(3));
  return network;
}

std::vector<at::Tensor> pictures() {
  return {torch::randn({2, 3, 16, 16}), torch::randn({2, 2, 16, 16})};
}

TEST(GroupedAutoencoder, AddsTheMeansOfItsGroupsByTheirWeights) {
  auto network = optical_and_terrain();
  const auto masking = network->mask(torch::rand({2, 32}), torch::ones({2, 2, 16}, torch::kBool));
  const auto loss = network(pictures(), masking);
  EXPECT_LT(largest_difference(loss.total, loss.groups[0] + 0.5 * loss.groups[1]), 1e-6);
  EXPECT_EQ(masking.masking.kept, 8);
}

TEST(GroupedAutoencoder, NeverSeesNorPredictsPatchesWithoutData) {
  auto network = optical_and_terrain();
  auto images = pictures();
  auto valid_pixels = torch::ones({2, 16, 16}, torch::kBool);
  valid_pixels[0][5][9] = false;  // patch (1, 2)
  const auto whole = network->whole_patches(valid_pixels);
  EXPECT_EQ(whole.logical_not().sum().item<int>(), 1);
  EXPECT_FALSE(whole[0][6].item<bool>());
  const auto masking = network->mask(torch::rand({2, 32}), torch::stack({whole, whole}, 1));
  const auto clean = network(images, masking);
  images[0][0][1][5][9] = std::nan("");
  images[1][0][0][5][9] = std::nan("");
  const auto spoilt = network(images, masking);
  EXPECT_TRUE(test::same_bits(clean.total, spoilt.total));
  spoilt.total.backward();
  for (const auto& item : network->named_parameters())
    EXPECT_FALSE(item.value().grad().isnan().any().item<bool>()) << item.key();
}

TEST(GroupedAutoencoder, HidesADroppedGroupWhole) {
  auto network = optical_and_terrain();
  const auto dropped = torch::tensor({{true, false}, {false, true}});
  const auto removed =
      network->mask(torch::rand({2, 32}), torch::ones({2, 2, 16}, torch::kBool), dropped).masking.removed();
  EXPECT_TRUE(removed[0].narrow(0, 0, 16).all().item<bool>());
  EXPECT_EQ(removed[0].narrow(0, 16, 16).sum().item<int>(), 8);
  EXPECT_TRUE(removed[1].narrow(0, 16, 16).all().item<bool>());
}

TEST(GroupedAutoencoder, KeepsFewerWhereLittleIsValid) {
  auto network = optical_and_terrain();
  auto valid = torch::zeros({2, 2, 16}, torch::kBool);
  valid.narrow(2, 0, 3).fill_(true);
  const auto masking = network->mask(torch::rand({2, 32}), valid);
  EXPECT_EQ(masking.masking.kept, 6);
  EXPECT_EQ(network(pictures(), masking).total.item<double>(), 0);  // nothing is left to predict
  valid[1].fill_(false);
  EXPECT_THROW(network->mask(torch::rand({2, 32}), valid), Error);
}

TEST(GroupedAutoencoder, KeepsFlatGroundFlat) {
  auto network = optical_and_terrain();
  const auto masking = network->mask(torch::rand({2, 32}), torch::ones({2, 2, 16}, torch::kBool));
  auto images = pictures();
  images[1] = torch::randn({2, 2, 16, 16}) * 1e-3;  // noise far below the floor of 0.1
  auto flat = images;
  flat[1] = torch::zeros({2, 2, 16, 16});
  EXPECT_NEAR(network(images, masking).groups[1].item<double>(),
              network(flat, masking).groups[1].item<double>(), 0.01);
}

TEST(GroupedAutoencoder, RefusesOptionsOutOfRangeNamingThem) {
  const auto text_of = [](const std::function<void(GroupedAutoencoderOptions&)>& change) -> std::string {
    auto options = optical_and_terrain()->options;
    change(options);
    try {
      options.check();
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(text_of([](auto&) {}), "");
  EXPECT_THAT(text_of([](auto& o) { o.groups.clear(); }), testing::HasSubstr("group"));
  EXPECT_THAT(text_of([](auto& o) { o.groups[1].channels = 0; }), testing::HasSubstr("terrain"));
  EXPECT_THAT(text_of([](auto& o) { o.groups[0].variance_floor = 0; }), testing::HasSubstr("variance_floor"));
  EXPECT_THAT(text_of([](auto& o) { o.group_width = 6; }), testing::HasSubstr("group_width"));
}

}  // namespace
}  // namespace scarp::nn

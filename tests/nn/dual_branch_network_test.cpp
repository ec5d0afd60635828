// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/dual_branch_network.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "nn/torch/resampling.h"
#include "tests/support/golden_tensors.h"

namespace scarp::nn {
namespace {

struct NetworkCase {
  NetworkOptions options;
  std::int64_t optical = 4;
  std::int64_t terrain = 3;
  std::int64_t classes = 2;
};

at::Tensor planes_for(std::int64_t channels, std::int64_t side, std::int64_t batch = 1) {
  return channels == 0 ? at::Tensor() : torch::randn({batch, channels, side, 2 * side});
}

NetworkOptions small(EncoderShape shape = EncoderShape::resnet18) {
  NetworkOptions options;
  options.encoder = shape;
  options.width = 0.125;
  return options;
}

DualBranchNetwork made(const NetworkCase& given, std::uint64_t seed = 1) {
  DualBranchNetwork network(given.options, given.optical, given.terrain, given.classes);
  initialise(*network, seed);
  network->eval();
  return network;
}

TEST(DualBranchNetwork, GivesLogitsOfFullSizeForEveryOption) {
  std::vector<NetworkCase> cases = {{small()},
                                    {small(EncoderShape::resnet34)},
                                    {small(EncoderShape::resnet50)},
                                    {small(), 4, 0, 3},
                                    {small(), 0, 3, 5}};
  cases.push_back({small()});
  cases.back().options.fusion_strides = {};
  cases.push_back({small()});
  cases.back().options.fusion_strides = {16, 32};
  cases.push_back({small()});
  cases.back().options.input_stride = 2;
  cases.push_back({small()});
  cases.back().options.width = 0.3;
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    auto network = made(cases[i]);
    const std::int64_t side = 32 * cases[i].options.input_stride;
    const auto logits = network(planes_for(cases[i].optical, side), planes_for(cases[i].terrain, side));
    EXPECT_EQ(logits.sizes().vec(), (std::vector<std::int64_t>{1, cases[i].classes, side, 2 * side})) << i;
    EXPECT_TRUE(logits.isfinite().all().item<bool>()) << i;
  }
}

TEST(DualBranchNetwork, AttentionSitsOnlyAtTheStridesAskedFor) {
  NetworkCase given{small()};
  given.options.fusion_strides = {8, 32};
  auto network = made(given);
  const auto names = network->named_parameters();
  for (const int stride : {2, 4, 8, 16, 32}) {
    const bool wanted = stride == 8 || stride == 32;
    EXPECT_EQ(names.contains("fusion" + std::to_string(stride) + ".attention.conv_h.weight"), wanted)
        << stride;
  }
}

TEST(DualBranchNetwork, HasTheChannelsThatItsWidthAsksFor) {
  EXPECT_EQ(scaled_channels(64, 1), 64);
  EXPECT_EQ(scaled_channels(64, 0.125), 8);
  EXPECT_EQ(scaled_channels(16, 0.125), 8);  // never below eight
  EXPECT_EQ(scaled_channels(64, 0.3), 16);   // 19.2 to the nearest multiple of eight
  EXPECT_EQ(ResidualEncoder(EncoderShape::resnet50, 0.5, 3)->channels(),
            (std::vector<std::int64_t>{32, 128, 256, 512, 1024}));
}

TEST(DualBranchNetwork, OneSeedGivesOneNetwork) {
  const auto a = made({small()}, 5)->named_parameters(), b = made({small()}, 5)->named_parameters();
  const auto other = made({small()}, 6)->named_parameters();
  for (const auto& item : a) {
    EXPECT_TRUE(test::same_bits(item.value(), b[item.key()])) << item.key();
    if (item.value().dim() == 4) {
      EXPECT_FALSE(test::same_bits(item.value(), other[item.key()])) << item.key();
    }
  }
}

TEST(DualBranchNetwork, FoldedGivesTheSameAnswer) {
  for (const auto shape : {EncoderShape::resnet18, EncoderShape::resnet50}) {
    auto network = made({small(shape)});
    torch::manual_seed(2);
    network->train();
    network(planes_for(4, 64, 2), planes_for(3, 64, 2));  // moves the running statistics
    network->eval();
    const torch::NoGradGuard no_grad;
    const auto optical = planes_for(4, 64), terrain = planes_for(3, 64);
    const auto before = network(optical, terrain);
    network->fold_norms();
    const auto after = network(optical, terrain);
    EXPECT_LT(test::largest_difference(after, before),
              3e-5 * std::max(1.0, before.abs().max().item<double>()));
    EXPECT_FALSE(test::same_bits(after, before));  // otherwise nothing was folded
  }
}

TEST(DualBranchNetwork, DropoutComesFromTheGivenGeneratorAlone) {
  NetworkCase given{small()};
  given.options.dropout = 0.5;
  auto network = made(given);
  network->train();
  const torch::NoGradGuard no_grad;
  const auto optical = planes_for(4, 64, 2), terrain = planes_for(3, 64, 2);
  const auto with = [&](std::uint64_t seed) {
    torch::manual_seed(static_cast<std::int64_t>(99 + seed % 2));
    return network(optical, terrain, at::make_generator<at::CPUGeneratorImpl>(seed));
  };
  const auto first = with(1);
  EXPECT_FALSE(test::same_bits(with(2), first));
  torch::manual_seed(12345);
  EXPECT_TRUE(test::same_bits(network(optical, terrain, at::make_generator<at::CPUGeneratorImpl>(1)), first));
}

TEST(DualBranchNetwork, EveryParameterGetsAGradient) {
  auto network = made({small()});
  network->train();
  network(planes_for(4, 64, 2), planes_for(3, 64, 2)).square().mean().backward();
  for (const auto& item : network->named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    EXPECT_TRUE(item.value().grad().isfinite().all().item<bool>()) << item.key();
  }
}

TEST(DualBranchNetwork, RefusesPlanesThatDoNotFit) {
  auto network = made({small()});
  EXPECT_THROW(network(planes_for(4, 32), planes_for(4, 32)), c10::Error);
  EXPECT_THROW(network(planes_for(4, 32), at::Tensor()), c10::Error);
  EXPECT_THROW(network(torch::zeros({1, 4, 48, 64}), torch::zeros({1, 3, 48, 64})), c10::Error);
  EXPECT_THROW(DualBranchNetwork(small(), 0, 0, 2), c10::Error);
}

TEST(UpsampleBilinear2x, EqualsTheLibrarysAndHasItsGradient) {
  for (const auto& [rows, cols] : {std::pair{1, 1}, {1, 5}, {4, 3}, {8, 8}}) {
    const auto x = torch::randn({2, 3, rows, cols}, torch::kFloat64);
    auto ours = x.clone().requires_grad_(), theirs = x.clone().requires_grad_();
    const auto a = upsample_bilinear_2x(ours);
    const auto b = torch::upsample_bilinear2d(theirs, {2 * rows, 2 * cols}, false);
    EXPECT_LT(test::largest_difference(a, b), 1e-12);
    const auto weights = torch::randn_like(a);
    (a * weights).sum().backward();
    (b * weights).sum().backward();
    EXPECT_LT(test::largest_difference(ours.grad(), theirs.grad()), 1e-12);
  }
}

TEST(DualBranchNetwork, BranchesMeetWhereTheOptionsSay) {
  NetworkOptions options;
  options.width = 0.125;
  const auto optical = torch::ones({2, 4, 64, 64}), terrain = torch::ones({2, 3, 64, 64});
  const auto names_of = [&](const NetworkOptions& given) {
    DualBranchNetwork network(given, 4, 3, 2);
    EXPECT_EQ(network->forward(optical, terrain).sizes(), (at::IntArrayRef{2, 2, 64, 64}));
    std::set<std::string> names;
    for (const auto& item : network->named_children())
      names.insert(item.key().substr(0, item.key().find('1')));
    return names;
  };
  const auto all = names_of(options);
  EXPECT_TRUE(all.contains("fusion2") && all.contains("fusion4") && all.contains("fusion32"));
  options.fusion = Fusion::high_levels;
  const auto high = names_of(options);
  EXPECT_TRUE(high.contains("fusion32") && high.contains("terrain") && !high.contains("fusion8"));
  options.fusion = Fusion::early;
  const auto early = names_of(options);
  EXPECT_TRUE(early.contains("joint") && !early.contains("optical") && !early.contains("fusion32"));
}

TEST(DualBranchNetwork, JoinedAtHighLevelsItStillSeesTheTerrain) {
  NetworkOptions options;
  options.width = 0.125;
  options.fusion = Fusion::high_levels;
  options.dropout = 0;
  DualBranchNetwork network(options, 4, 3, 2);
  initialise(*network, 3);
  network->eval();
  const auto optical = torch::ones({1, 4, 64, 64});
  EXPECT_FALSE(torch::equal(network->forward(optical, torch::zeros({1, 3, 64, 64})),
                            network->forward(optical, torch::ones({1, 3, 64, 64}))));
}

TEST(MeanOf2x2, EqualsPoolingInEveryLayout) {
  const auto x = torch::rand({2, 3, 8, 12});
  const auto expected = torch::avg_pool2d(x, 2);
  EXPECT_LT(test::largest_difference(mean_of_2x2(x), expected), 1e-6);
  EXPECT_LT(test::largest_difference(mean_of_2x2(x.contiguous(at::MemoryFormat::ChannelsLast)), expected),
            1e-6);
  EXPECT_THROW(mean_of_2x2(torch::rand({1, 1, 3, 4})), c10::Error);
}

}  // namespace
}  // namespace scarp::nn

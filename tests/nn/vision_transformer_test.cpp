// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/vision_transformer.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "nn/error.h"
#include "nn/training/schedules.h"
#include "tests/support/golden_tensors.h"

namespace scarp::nn {
namespace {

using test::largest_difference;

VisionTransformerOptions small_options() {
  VisionTransformerOptions options;
  options.channels = 5;
  options.patch = 4;
  options.grid = {3, 5};
  options.width = 24;
  options.depth = 3;
  options.heads = 3;
  return options;
}

VisionTransformer small_transformer(const VisionTransformerOptions& options) {
  VisionTransformer network(options);
  initialise(*network, Initialisation::masked_autoencoder, at::make_generator<at::CPUGeneratorImpl>(7));
  network->eval();
  return network;
}

TEST(Positions, PutTheColumnFirst) {
  const auto table = sincos_positions(8, {2, 2});
  const auto expected = torch::tensor({{0., 0., 0., 0., 0., 0., 0., 0.},
                                       {0., 0., 1., 1., 0., 0., 1., 1.},
                                       {.841471, .010000, .540302, .999950, 0., 0., 1., 1.},
                                       {0., 0., 1., 1., .841471, .010000, .540302, .999950},
                                       {.841471, .01, .540302, .99995, .841471, .01, .540302, .99995}},
                                      torch::kFloat64);
  EXPECT_LT(largest_difference(table, expected), 1e-6);
}

TEST(Positions, GiveEqualPhaseToEqualGround) {
  const auto fine = sincos_positions(16, {8, 8}, 0.5), coarse = sincos_positions(16, {4, 4});
  const auto cell = [](const at::Tensor& table, std::int64_t cols, std::int64_t y, std::int64_t x) {
    return table[1 + y * cols + x];
  };
  for (std::int64_t y = 0; y < 4; ++y) {
    for (std::int64_t x = 0; x < 4; ++x)
      EXPECT_LT(largest_difference(cell(fine, 8, 2 * y, 2 * x), cell(coarse, 4, y, x)), 1e-12);
  }
}

TEST(Positions, RefuseWidthsThatAreNoMultipleOfFour) {
  EXPECT_THROW(sincos_positions(10, {2, 2}), Error);
  EXPECT_THROW(sincos_positions(8, {0, 2}), Error);
  EXPECT_THROW(sincos_positions(8, {2, 2}, 0), Error);
}

TEST(Patches, ComeBackAsImages) {
  const auto images = torch::randn({2, 3, 8, 12});
  for (const auto order : {PatchOrder::channel_last, PatchOrder::channel_first}) {
    const auto patches = patches_of(images, 4, order);
    EXPECT_EQ(patches.sizes(), (std::vector<std::int64_t>{2, 6, 48}));
    EXPECT_TRUE(test::same_bits(images_of(patches, 4, {2, 3}, order), images));
  }
}

TEST(Patches, HoldTheirChannelsLastOrFirst) {
  const auto image = torch::arange(8).view({1, 2, 2, 2});  // channel 0: 0 1 / 2 3, channel 1: 4 5 / 6 7
  EXPECT_TRUE(test::same_bits(patches_of(image, 2, PatchOrder::channel_last).flatten(),
                              torch::tensor({0, 4, 1, 5, 2, 6, 3, 7})));
  EXPECT_TRUE(test::same_bits(patches_of(image, 2, PatchOrder::channel_first).flatten(), torch::arange(8)));
}

TEST(VisionTransformer, AnswersTheSameOnBothPathsOfAttention) {
  auto network = small_transformer(small_options());
  const auto images = torch::randn({2, 5, 12, 20});
  const auto plain = network(images);
  network->set_attention(AttentionPath::fused);
  EXPECT_LT(largest_difference(network(images), plain), 1e-5);
}

// What a last block leaves out is nothing that the tokens asked for, or their gradients, depend on.
TEST(TransformerBlock, AnswersSomeTokensAsAmongAll) {
  auto network = small_transformer(small_options());
  const auto tokens = torch::randn({2, 16, 24});
  const auto blocks =
      std::dynamic_pointer_cast<torch::nn::ModuleListImpl>(network->named_children()["blocks"]);
  const auto gradients_of = [&](const at::Tensor& answer) {
    network->zero_grad();
    answer.square().sum().backward();
    std::vector<at::Tensor> gradients;
    for (const auto& parameter : blocks->parameters()) gradients.push_back(parameter.grad().clone());
    return gradients;
  };
  for (const auto path : {AttentionPath::explicit_formula, AttentionPath::fused}) {
    network->set_attention(path);
    for (const TokenRange range : {TokenRange{0, 1}, TokenRange{5, 11}, TokenRange{0, 16}}) {
      const auto some = run_blocks_for(*blocks, tokens, range);
      const auto among_all = network->run_blocks(tokens).narrow(1, range.first, range.count);
      EXPECT_LT(largest_difference(some, among_all), 1e-5);
      const auto of_some = gradients_of(some), of_all = gradients_of(among_all);
      for (std::size_t i = 0; i < of_all.size(); ++i)
        EXPECT_LT(largest_difference(of_some[i], of_all[i]),
                  1e-4 * (1 + of_all[i].abs().max().item<double>()));
    }
  }
  EXPECT_LT(
      largest_difference(network->run_blocks_for_class(tokens), network->run_blocks(tokens).select(1, 0)),
      1e-5);
}

// 16 tokens of 24 channels: a batch of thousands is more than one piece, and not a whole number of them.
TEST(VisionTransformer, PassesABatchInPiecesAsInOneWhereNoGradientIsAskedFor) {
  auto network = small_transformer(small_options());
  const auto tokens = torch::randn({900 * at::get_num_threads() + 1, 16, 24});
  const auto whole = network->run_blocks(tokens);
  const torch::NoGradGuard no_gradient;
  const auto pieces = network->run_blocks(tokens);
  EXPECT_EQ(pieces.sizes(), whole.sizes());
  EXPECT_LT(largest_difference(pieces, whole), 1e-5);
  EXPECT_LT(largest_difference(network->run_blocks_for_class(tokens), whole.select(1, 0)), 1e-5);
}

// A token sees only kept patches: what the others hold, NaN included, cannot matter.
TEST(VisionTransformer, NeverTouchesPatchesThatAreNotKept) {
  auto network = small_transformer(small_options());
  const auto images = torch::randn({1, 5, 12, 20});
  auto spoilt = images.clone();
  using torch::indexing::Slice;
  spoilt.index_put_({Slice(), Slice(), Slice(4, 8), Slice(8, 12)}, std::nan(""));  // patch 7
  const auto kept = torch::tensor({{0, 3, 9, 14}});
  EXPECT_TRUE(
      test::same_bits(network->forward_features(images, kept), network->forward_features(spoilt, kept)));
  EXPECT_TRUE(network->forward_features(spoilt).isnan().any().item<bool>());
}

TEST(VisionTransformer, KeepsTheSamePatchesOfAllImagesOrOfEach) {
  auto network = small_transformer(small_options());
  const auto images = torch::randn({2, 5, 12, 20});
  const auto same = torch::tensor({1, 4, 6});
  EXPECT_LT(largest_difference(network->forward_features(images, same),
                               network->forward_features(images, same.expand({2, 3}))),
            1e-6);
}

TEST(VisionTransformer, MovesTokensWithTheOrderOfTheKeptPatches) {
  auto network = small_transformer(small_options());
  const auto images = torch::randn({1, 5, 12, 20});
  const auto order = torch::randperm(15).unsqueeze(0);
  const auto shuffled = network->forward_features(images, order);
  const auto straight = network->forward_features(images);
  EXPECT_LT(largest_difference(shuffled.narrow(1, 1, 15), rows_at(straight.narrow(1, 1, 15), order)), 1e-5);
}

TEST(VisionTransformer, TakesOtherGridsThanItsTable) {
  auto options = small_options();
  for (const auto kind : {PositionKind::fixed, PositionKind::learned}) {
    options.positions = kind;
    auto network = small_transformer(options);
    EXPECT_EQ(network->forward_features(torch::zeros({1, 5, 8, 8})).sizes(),
              (std::vector<std::int64_t>{1, 5, 24}));
    EXPECT_TRUE(test::same_bits(network->positions({3, 5}), network->named_parameters()["pos_embed"]));
  }
}

TEST(VisionTransformer, DropsPathsByTheGeneratorAlone) {
  auto options = small_options();
  options.drop_path = 0.5;
  auto network = small_transformer(options);
  const auto images = torch::randn({8, 5, 12, 20});
  const auto at_rest = network(images);
  network->train();
  const auto with_seed = [&](std::uint64_t seed) {
    return network->forward(images, at::make_generator<at::CPUGeneratorImpl>(seed));
  };
  EXPECT_TRUE(test::same_bits(with_seed(1), with_seed(1)));
  EXPECT_FALSE(test::same_bits(with_seed(1), with_seed(2)));
  EXPECT_FALSE(test::same_bits(with_seed(1), at_rest));
}

TEST(VisionTransformer, HasTheParametersOfThePapers) {
  const auto count = [](const std::string& name) {
    auto options = vision_transformer_named(name);
    options.grid = {224 / options.patch, 224 / options.patch};
    std::int64_t parameters = 0;
    for (const auto& parameter : VisionTransformer(options)->parameters()) parameters += parameter.numel();
    return parameters;
  };
  EXPECT_EQ(count("vit-s16"), 21'665'664);
  EXPECT_EQ(count("vit-b16"), 85'798'656);
}

TEST(VisionTransformer, IsNamedBySizeAndPatch) {
  const auto tiny = vision_transformer_named("vit-t8");
  EXPECT_EQ(tiny.width, 192);
  EXPECT_EQ(tiny.patch, 8);
  EXPECT_EQ(vision_transformer_named("vit-l16").depth, 24);
  for (const std::string wrong : {"vit-x8", "vit-t", "vit-t0", "vit-t8x", "resnet", "vit-b1000"})
    EXPECT_THROW(vision_transformer_named(wrong), Error) << wrong;
}

TEST(VisionTransformer, RefusesImagesThatAreNotMadeOfPatches) {
  auto network = small_transformer(small_options());
  EXPECT_THROW(network(torch::zeros({1, 5, 10, 20})), c10::Error);
  EXPECT_THROW(network(torch::zeros({1, 3, 12, 20})), c10::Error);
}

TEST(VisionTransformer, RefusesOptionsOutOfRangeNamingThem) {
  const auto text_of = [](const std::function<void(VisionTransformerOptions&)>& change) -> std::string {
    auto options = small_options();
    change(options);
    try {
      options.check();
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(text_of([](auto&) {}), "");
  EXPECT_THAT(text_of([](auto& o) { o.channels = 0; }), testing::HasSubstr("channels"));
  EXPECT_THAT(text_of([](auto& o) { o.grid = {}; }), testing::HasSubstr("grid.rows"));
  EXPECT_THAT(text_of([](auto& o) { o.width = 22; }), testing::HasSubstr("width"));
  EXPECT_THAT(text_of([](auto& o) { o.heads = 5; }), testing::HasSubstr("heads"));
  EXPECT_THAT(text_of([](auto& o) { o.drop_path = 1; }), testing::HasSubstr("drop_path"));
  EXPECT_THAT(text_of([](auto& o) { o.ground_ratio = 0; }), testing::HasSubstr("ground_ratio"));
}

TEST(Initialisation, SetsAllWeightsWhateverTheyWere) {
  for (const auto kind : {Initialisation::masked_autoencoder, Initialisation::siamese}) {
    auto options = small_options();
    options.positions = PositionKind::learned;
    options.classes = 2;
    VisionTransformer fresh(options), used(options);
    {
      const torch::NoGradGuard no_grad;
      for (auto& parameter : used->parameters()) parameter.fill_(7);
    }
    initialise(*fresh, kind, at::make_generator<at::CPUGeneratorImpl>(7));
    initialise(*used, kind, at::make_generator<at::CPUGeneratorImpl>(7));
    for (const auto& item : fresh->named_parameters())
      EXPECT_TRUE(test::same_bits(item.value(), used->named_parameters()[item.key()])) << item.key();
    EXPECT_EQ(fresh->named_parameters()["blocks.2.norm1.weight"].min().item<float>(), 1);
    EXPECT_EQ(fresh->named_parameters()["norm.bias"].abs().max().item<float>(), 0);
  }
}

/// Seconds that each round is said to take, the explicit formula's and the fused path's in turn.
AttentionPath chosen_by(std::vector<double> seconds) {
  auto next = seconds.begin();
  const auto path = faster_attention([&](AttentionPath asked) {
    EXPECT_EQ(asked == AttentionPath::fused, (next - seconds.begin()) % 2 == 1);
    return *next++;
  });
  EXPECT_EQ(next, seconds.end());
  return path;
}

TEST(Attention, IsThePathOfTheFastestRoundButTheFirst) {
  EXPECT_EQ(chosen_by({9, 9, 3, 2, 3, 4, 3, 4, 3, 4, 3, 4}), AttentionPath::fused);
  EXPECT_EQ(chosen_by({9, 1, 3, 4, 2, 4, 3, 3, 3, 4, 3, 3}), AttentionPath::explicit_formula);
  EXPECT_EQ(chosen_by({1, 9, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3}), AttentionPath::fused);
  EXPECT_EQ(chosen_by({5, 5, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2}), AttentionPath::explicit_formula);
}

TEST(Attention, IsTriedWithAndWithoutItsGradient) {
  const std::vector<AttentionProbe> probes = {{2, 2, 10, 8, 3, true}, {2, 2, 17, 4, 1, false}};
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    EXPECT_NO_THROW(choose_attention(probes, at::kCPU, type));
    EXPECT_TRUE(at::GradMode::is_enabled());
  }
}

TEST(Schedules, WarmUpThenFollowHalfACosine) {
  const double highest = 2.4e-3;
  const auto rate = [&](double epoch) { return warm_cosine(highest, 0, epoch, 40, 800); };
  EXPECT_DOUBLE_EQ(rate(0), 0);
  EXPECT_DOUBLE_EQ(rate(20), 0.0012);
  EXPECT_DOUBLE_EQ(rate(40), 0.0024);
  EXPECT_NEAR(rate(420), 0.0012, 1e-15);
  EXPECT_NEAR(rate(800), 0, 1e-15);
}

TEST(Schedules, OfSiameseNetworksStopEarlyOnTheirCosines) {
  SiameseSchedules schedules;
  schedules.steps_an_epoch = 1251;
  const std::int64_t last = 800 * 1251 - 1;
  EXPECT_NEAR(schedules.learning_rate(last), 9.9224e-5, 1e-9);
  EXPECT_NEAR(schedules.weight_decay(last), .365623, 1e-6);
  EXPECT_NEAR(schedules.momentum(last), .9992, 1e-6);
}

TEST(Schedules, DecayTheRateByLayer) {
  const auto scale = [](const char* name) { return layer_rate(.75, layer_of_parameter(name, 12), 12); };
  EXPECT_NEAR(scale("cls_token"), .0237573, 1e-7);
  EXPECT_NEAR(scale("patch_embed.proj.weight"), .0237573, 1e-7);
  EXPECT_NEAR(scale("blocks.0.norm1.weight"), .0316764, 1e-7);
  EXPECT_NEAR(scale("blocks.11.mlp.fc2.bias"), .75, 1e-12);
  EXPECT_NEAR(scale("head.weight"), 1, 1e-12);
}

}  // namespace
}  // namespace scarp::nn

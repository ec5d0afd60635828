// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/transformer_pyramid.h"

#include <stdexcept>

#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "nn/torch/dual_branch_network.h"
#include "nn/torch/grouped_autoencoder.h"
#include "tests/support/golden_tensors.h"

namespace scarp::nn {
namespace {

BackboneShape vit(std::int64_t patch = 8, bool grouped = false) {
  BackboneShape shape;
  shape.name = "toy";
  shape.width = 16;
  shape.depth = 2;
  shape.heads = 2;
  shape.patch = patch;
  shape.grid = 4;
  shape.grouped = grouped;
  return shape;
}

constexpr double kWidth = 0.25;

TransformerPyramid pyramid_of(const BackboneShape& shape, const PyramidPlanes& planes = {{{0, 3}}, 0}) {
  TransformerPyramid pyramid(shape, planes, EncoderShape::resnet18, kWidth);
  torch::manual_seed(5);
  initialise(pyramid->trunk(), Initialisation::siamese, at::make_generator<at::CPUGeneratorImpl>(5));
  pyramid->eval();
  return pyramid;
}

class Patch : public testing::TestWithParam<std::int64_t> {};

TEST_P(Patch, MapsAreThoseOfTheResidualEncoder) {
  const torch::NoGradGuard no_grad;
  const auto x = torch::randn({2, 4, 64, 96});
  const auto maps = pyramid_of(vit(GetParam()))->forward(x);
  const auto like = ResidualEncoder(EncoderShape::resnet18, kWidth, 4)->forward(x);
  ASSERT_EQ(maps.size(), like.size());
  for (std::size_t i = 0; i < maps.size(); ++i) EXPECT_EQ(maps[i].sizes(), like[i].sizes()) << i;
}

INSTANTIATE_TEST_SUITE_P(Sides, Patch, testing::Values(4, 8, 16, 32));

TEST(TransformerPyramid, RefusesPatchesThatAreNoPowerOfTwo) {
  for (const std::int64_t patch : {2, 6, 14, 64}) {
    EXPECT_THAT([&] { pyramid_of(vit(patch)); },
                testing::ThrowsMessage<std::invalid_argument>(testing::HasSubstr("needs 4, 8, 16 or 32")))
        << patch;
  }
}

TEST(TransformerPyramid, ItsBackboneSeesChannelsAndNotTheValidityPlane) {
  const torch::NoGradGuard no_grad;
  auto pyramid = pyramid_of(vit());
  const auto x = torch::randn({1, 4, 64, 64});
  auto other = x.clone();
  other.select(1, 3).fill_(7);
  EXPECT_TRUE(test::same_bits(pyramid->last_map(x), pyramid->last_map(other)));
  other.select(1, 2).fill_(7);
  EXPECT_FALSE(test::same_bits(pyramid->last_map(x), pyramid->last_map(other)));
}

TEST(TransformerPyramid, ItsMapIsTheTokensAfterTheLastNormRowByRow) {
  const torch::NoGradGuard no_grad;
  auto pyramid = pyramid_of(vit());
  const auto x = torch::randn({2, 4, 64, 96});
  auto& trunk = dynamic_cast<VisionTransformerImpl&>(pyramid->trunk());
  const auto tokens = trunk.forward_features(x.narrow(1, 0, 3));
  const auto map = pyramid->last_map(x);
  ASSERT_EQ(map.sizes().vec(), (std::vector<std::int64_t>{2, 16, 8, 12}));
  EXPECT_TRUE(test::same_bits(map.select(2, 3).select(2, 5).contiguous(), tokens.select(1, 1 + 3 * 12 + 5)));
}

TEST(TransformerPyramid, FoldedGivesTheSameAnswer) {
  auto pyramid = pyramid_of(vit());
  const torch::NoGradGuard no_grad;
  pyramid->train();
  pyramid->forward(torch::randn({2, 4, 64, 64}));  // moves the running statistics
  pyramid->eval();
  const auto x = torch::randn({1, 4, 64, 64});
  const auto before = pyramid->forward(x);
  pyramid->fold_norms();
  const auto after = pyramid->forward(x);
  for (std::size_t i = 0; i < after.size(); ++i)
    EXPECT_LT(test::largest_difference(after[i], before[i]),
              1e-4 * (1 + before[i].abs().max().item<double>()))
        << i;
  EXPECT_FALSE(test::same_bits(after[0], before[0]));  // otherwise nothing was folded
}

TEST(TransformerPyramid, FrozenItsBackboneHasNoGradientAndThePyramidHas) {
  auto pyramid = pyramid_of(vit());
  pyramid->freeze();
  pyramid->train();
  EXPECT_FALSE(pyramid->trunk().is_training());
  auto sum = torch::zeros({});
  for (const auto& map : pyramid->forward(torch::randn({2, 4, 64, 64}))) sum = sum + map.square().mean();
  sum.backward();
  for (const auto& item : pyramid->named_parameters())
    EXPECT_EQ(item.value().grad().defined(), item.key().find("trunk.") == std::string::npos) << item.key();
}

// The encoder of pretraining, which sees kept patches in any order, says the same of all of them.
TEST(GroupEncoder, EqualsTheEncoderOfPretraining) {
  const torch::NoGradGuard no_grad;
  GroupedAutoencoderOptions options;
  options.groups = {{"optical", 3}, {"terrain", 2}};
  options.encoder = dynamic_cast<VisionTransformerImpl&>(pyramid_of(vit())->trunk()).options;
  options.decoder_width = 16;
  options.decoder_depth = 1;
  options.decoder_heads = 1;
  GroupedAutoencoder whole(options);
  GroupEncoder encoder(GroupEncoderOptions{options.encoder, {3, 2}, 0});
  initialise(*whole, Initialisation::siamese, at::make_generator<at::CPUGeneratorImpl>(9));
  for (auto& item : encoder->named_parameters()) item.value().copy_(whole->named_parameters()[item.key()]);
  const std::vector<torch::Tensor> images = {torch::randn({2, 3, 32, 48}), torch::randn({2, 2, 32, 48})};
  const auto order = torch::arange(48).expand({2, 48});
  const GroupedMasking all{{order, 48}, torch::ones({2, 2, 24}, torch::kBool)};
  EXPECT_LT(test::largest_difference(encoder(images), whole->encode(images, all)), 1e-5);
}

TEST(GroupEncoder, OneGroupAloneKeepsItsNumber) {
  const torch::NoGradGuard no_grad;
  const auto options = dynamic_cast<VisionTransformerImpl&>(pyramid_of(vit())->trunk()).options;
  GroupEncoder image(GroupEncoderOptions{options, {2}, 0}), terrain(GroupEncoderOptions{options, {2}, 1});
  initialise(*image, Initialisation::siamese, at::make_generator<at::CPUGeneratorImpl>(9));
  for (auto& item : terrain->named_parameters()) item.value().copy_(image->named_parameters()[item.key()]);
  const std::vector<torch::Tensor> planes = {torch::randn({1, 2, 32, 32})};
  EXPECT_GT(test::largest_difference(image(planes), terrain(planes)), 1e-4);
}

NetworkOptions with_backbones(bool joint) {
  NetworkOptions options;
  options.width = 0.125;
  options.dropout = 0;
  if (joint) {
    options.fusion = Fusion::early;
    options.joint_backbone = vit(8, true);
  } else {
    options.optical_backbone = vit(8);
    options.terrain_backbone = vit(16);
  }
  return options;
}

TEST(DualBranchNetwork, WithBackbonesGivesLogitsAndEveryWeightAGradient) {
  for (const bool joint : {false, true}) {
    DualBranchNetwork network(with_backbones(joint), 4, 3, 2);
    initialise(*network, 1);
    network->train();
    const auto logits = network(torch::randn({2, 4, 64, 64}), torch::randn({2, 3, 64, 64}));
    EXPECT_EQ(logits.sizes().vec(), (std::vector<std::int64_t>{2, 2, 64, 64}));
    logits.square().mean().backward();
    for (const auto& item : network->named_parameters()) {
      if (!item.value().requires_grad()) continue;  // fixed positions
      ASSERT_TRUE(item.value().grad().defined()) << item.key();
      EXPECT_TRUE(item.value().grad().isfinite().all().item<bool>()) << item.key();
    }
  }
}

TEST(DualBranchNetwork, OtherWeightsAreDrawnAlikeWithEveryBackbone) {
  NetworkOptions first = with_backbones(false), second = first;
  second.optical_backbone->depth = 1;
  DualBranchNetwork a(first, 4, 3, 2), b(second, 4, 3, 2);
  initialise(*a, 4);
  initialise(*b, 4);
  const auto of_a = a->named_parameters();
  for (const auto& item : b->named_parameters()) {
    if (item.key().find("trunk") == std::string::npos) {
      EXPECT_TRUE(test::same_bits(item.value(), of_a[item.key()])) << item.key();
    }
  }
  EXPECT_GT(of_a["optical.trunk.blocks.1.attn.qkv.weight"].abs().max().item<double>(), 0.01);
}

TEST(NetworkOptions, RefuseBackbonesWhereTheyCannotStand) {
  const auto complaint = [](auto&& change) {
    NetworkOptions options = with_backbones(false);
    change(options);
    try {
      options.check();
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(complaint([](auto&) {}), "");
  EXPECT_THAT(complaint([](auto& o) { o.input_stride = 2; }),
              testing::HasSubstr("network.input_stride must be 1"));
  EXPECT_THAT(complaint([](auto& o) { o.fusion = Fusion::early; }),
              testing::HasSubstr("give network.joint_backbone"));
  EXPECT_THAT(complaint([](auto& o) { o.joint_backbone = vit(); }),
              testing::HasSubstr("give no other backbone"));
  EXPECT_THAT(complaint([](auto& o) {
                o = with_backbones(true);
                o.fusion = Fusion::all_levels;
              }),
              testing::HasSubstr("needs network.fusion: early"));
  EXPECT_THAT(complaint([](auto& o) { o.optical_backbone->heads = 3; }),
              testing::HasSubstr("multiple of its heads"));
}

}  // namespace
}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include "nn/detector_backbone.h"

#include <cmath>
#include <filesystem>
#include <map>

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "nn/error.h"
#include "nn/pretraining/backbone_weights.h"
#include "nn/pretraining/encoder_file.h"
#include "nn/segmenter.h"
#include "nn/training/parameter_groups.h"
#include "tests/support/golden_files.h"
#include "tests/support/golden_tensors.h"
#include "tests/support/test_files.h"
#include "tests/support/toy_backbone_file.h"
#include "tests/support/toy_run.h"

namespace scarp::nn {
namespace {

using test::expect_same_tensors;
using test::nn_error_of;
using test::toy_card;
using test::toy_options;
using test::toy_vit_card;
using test::trained;
using testing::HasSubstr;

class DetectorBackboneTest : public testing::Test {
 protected:
  DetectorBackbone file_of(BackboneRole role,
                           const BackboneCard& card,
                           ChannelMatch match = ChannelMatch::exact) {
    const std::string path = folder_.file(to_string(role) + ".safetensors");
    tensors_ = test::write_toy_vit(path, card);
    return {role, path, match};
  }
  /// A card and options with one backbone.
  std::pair<ModelCard, TrainingOptions> task(BackboneRole role, const BackboneCard& backbone) {
    ModelCard card = toy_card();
    TrainingOptions options = toy_options();
    options.batch = 2;
    options.backbones.files = {file_of(role, backbone)};
    if (role == BackboneRole::joint) card.network.fusion = Fusion::early;
    adopt_backbone(card, options.backbones.files[0]);
    return {card, options};
  }
  test::TempFolder folder_;
  NamedTensors tensors_;  // of the last file
};

TEST_F(DetectorBackboneTest, GivesTheCardItsShapeAndTheStatisticsOfItsChannelsByName) {
  ModelCard card = toy_card();
  const auto adopted = adopt_backbone(card, file_of(BackboneRole::terrain, toy_vit_card(false, true)));
  EXPECT_TRUE(adopted.terrain);
  EXPECT_FALSE(adopted.optical);
  ASSERT_TRUE(card.network.terrain_backbone);
  EXPECT_EQ(card.network.terrain_backbone->text(), "toy-vit: vit 16-2-2, patches of 8 px");
  EXPECT_EQ(card.network.terrain_backbone->grid, 4);
  EXPECT_FALSE(card.network.optical_backbone);
  EXPECT_EQ(card.terrain[0], (ChannelSpec{"relative_elevation_17", "m", 1, 12}));
  EXPECT_EQ(card.terrain[2], (ChannelSpec{"gradient_north", "1", 0.1, 0.3}));
  EXPECT_EQ(card.optical, toy_card().optical);
  EXPECT_EQ(ModelCard::from_json(card.to_json()).network, card.network);
}

TEST_F(DetectorBackboneTest, LeavesTheStatisticsToBeMeasuredIfToldTo) {
  ModelCard card = toy_card();
  DetectorBackbone backbone = file_of(BackboneRole::terrain, toy_vit_card(false, true));
  backbone.own_statistics = false;
  EXPECT_FALSE(adopt_backbone(card, backbone).terrain);
  EXPECT_TRUE(card.network.terrain_backbone);
  EXPECT_EQ(card.terrain, toy_card().terrain);
}

TEST_F(DetectorBackboneTest, PatchProjectionsFollowTheOrderOfTheModel) {
  ModelCard card = toy_card();
  BackboneOptions options;
  options.files = {file_of(BackboneRole::terrain, toy_vit_card(false, true))};
  adopt_backbone(card, options.files[0]);
  DualBranchNetwork network = make_network(card);
  load_backbone_weights(*network, card, options);
  const auto set = network->named_parameters()["terrain.trunk.patch_embed.proj.weight"];
  const auto given = tensors_.at("patch_embed.proj.weight");  // north, elevation, east
  EXPECT_TRUE(test::same_bits(set.select(1, 0).contiguous(), given.select(1, 1).contiguous()));
  EXPECT_TRUE(test::same_bits(set.select(1, 1).contiguous(), given.select(1, 2).contiguous()));
  EXPECT_TRUE(test::same_bits(set.select(1, 2).contiguous(), given.select(1, 0).contiguous()));
  EXPECT_TRUE(test::same_bits(network->named_parameters()["terrain.trunk.blocks.1.mlp.fc2.weight"],
                              tensors_.at("blocks.1.mlp.fc2.weight")));
}

TEST_F(DetectorBackboneTest, AGroupedOneGivesEachEncoderItsGroup) {
  for (const auto role : {BackboneRole::optical, BackboneRole::terrain, BackboneRole::joint}) {
    auto [card, options] = task(role, toy_vit_card(true, true, true));
    DualBranchNetwork network = make_network(card);
    load_backbone_weights(*network, card, options.backbones);
    const std::string trunk = to_string(role) + ".trunk.patch_embed.";
    const auto set = network->named_parameters();
    const std::string first = role == BackboneRole::terrain ? "1" : "0";
    EXPECT_TRUE(
        test::same_bits(set[trunk + "0.proj.bias"], tensors_.at("patch_embed." + first + ".proj.bias")));
    EXPECT_EQ(set.contains(trunk + "1.proj.bias"), role == BackboneRole::joint);
  }
}

TEST_F(DetectorBackboneTest, APlainOneOfImageAndTerrainIsAJointEncoder) {
  auto [card, options] = task(BackboneRole::joint, toy_vit_card(true, true));
  EXPECT_EQ(card.optical[0].mean, 90);
  EXPECT_EQ(card.terrain[0].mean, 1);
  DualBranchNetwork network = make_network(card);
  load_backbone_weights(*network, card, options.backbones);
  const auto set = network->named_parameters()["joint.trunk.patch_embed.proj.weight"];
  const auto given = tensors_.at("patch_embed.proj.weight");  // red, north, elevation, east
  EXPECT_TRUE(test::same_bits(set.select(1, 0).contiguous(), given.select(1, 0).contiguous()));
  EXPECT_TRUE(test::same_bits(set.select(1, 3).contiguous(), given.select(1, 1).contiguous()));
}

// Files of other programs: red, green and blue in another order, the last norm under either of its names.
TEST_F(DetectorBackboneTest, FilesOfOthersSeeWhatTheySeeElsewhere) {
  const torch::NoGradGuard no_grad;
  for (const char* name : {"timm/vit_token0.safetensors", "timm/vit_avg10.safetensors",
                           "hf/vitmae_in_memory_names.safetensors", "hf/vitmsn_native.safetensors"}) {
    SCARP_GOLDEN(path, name);
    ModelCard card = toy_card();
    card.optical = {
        {"blue", "digital number", 0, 1}, {"red", "digital number", 0, 1}, {"green", "digital number", 0, 1}};
    BackboneOptions options;
    options.files = {{BackboneRole::optical, path}};
    EXPECT_TRUE(adopt_backbone(card, options.files[0]).optical) << name;
    EXPECT_EQ(card.optical[1].mean, 123.675) << name;
    DualBranchNetwork network = make_network(card);
    load_backbone_weights(*network, card, options);
    network->eval();
    const EncoderFile file = read_encoder(path);
    auto encoder = make_encoder(file);
    const auto x = torch::randn({1, 4, 32, 64});
    const auto swapped = x.index_select(1, torch::tensor({1, 2, 0}));
    const std::string norm = file.pools_mean ? "fc_norm." : "norm.";
    const auto tokens =
        torch::layer_norm(encoder->run_blocks(encoder->embed(swapped)), {file.card.width},
                          file.weights.at(norm + "weight"), file.weights.at(norm + "bias"), 1e-6);
    const auto map = pyramids_of(*network).at("optical")->last_map(x);
    const auto like = tokens.narrow(1, 1, 8 * 16).transpose(1, 2).reshape(map.sizes());
    EXPECT_LT(test::largest_difference(map, like), 1e-5) << name;
  }
}

TEST_F(DetectorBackboneTest, AdaptedToOtherChannelsItsStatisticsAreToBeMeasured) {
  ModelCard card = toy_card();
  card.optical = {{"a", "digital number", 0, 1}, {"b", "digital number", 0, 1}};
  BackboneOptions options;
  options.files = {file_of(BackboneRole::optical, toy_vit_card(true, false), ChannelMatch::repeat)};
  EXPECT_FALSE(adopt_backbone(card, options.files[0]).optical);
  EXPECT_EQ(card.optical[0].deviation, 1);
  DualBranchNetwork network = make_network(card);
  load_backbone_weights(*network, card, options);
  const auto set = network->named_parameters()["optical.trunk.patch_embed.proj.weight"];
  ASSERT_EQ(set.size(1), 2);
  const auto half = tensors_.at("patch_embed.proj.weight").select(1, 0) / 2;
  EXPECT_LT(test::largest_difference(set.select(1, 0), half), 1e-7);
  EXPECT_LT(test::largest_difference(set.select(1, 1), half), 1e-7);
}

TEST_F(DetectorBackboneTest, RefusesWhatDoesNotFitSayingWhatWouldHelp) {
  const auto complaint = [&](const DetectorBackbone& backbone, auto&& change) {
    ModelCard card = toy_card();
    change(card);
    return nn_error_of([&] { adopt_backbone(card, backbone); });
  };
  const auto nothing = [](ModelCard&) {};
  const auto terrain = file_of(BackboneRole::terrain, toy_vit_card(false, true));
  auto [fault, text] = complaint(terrain, [](auto& card) { card.terrain.pop_back(); });
  EXPECT_EQ(fault, Fault::mismatch);
  EXPECT_THAT(text,
              HasSubstr("it sees the channels gradient_north, relative_elevation_17, gradient_east, this "
                        "model has relative_elevation_17, gradient_east: give the same in any order"));
  EXPECT_THAT(complaint(terrain, [](auto& card) { card.terrain_unit = TerrainUnit::pixels; }).second,
              HasSubstr("lengths in metres: set terrain_unit to the same"));
  EXPECT_EQ(
      complaint(terrain, [](auto& card) { card.terrain.clear(); }),
      (std::pair{Fault::bad_argument, std::string("a backbone is given for the terrain encoder, but this "
                                                  "model has no terrain channels")}));
  const auto optical = file_of(BackboneRole::optical, toy_vit_card(true, false));
  EXPECT_THAT(complaint(optical, [](auto& card) { card.optical_window_px = 33; }).second,
              HasSubstr("set bands_window: 0"));
  BackboneCard odd = toy_vit_card(true, false);
  odd.patch = 2;
  EXPECT_THAT(complaint(file_of(BackboneRole::optical, odd), nothing).second,
              HasSubstr("side of 2 pixels: the feature pyramid needs 4, 8, 16 or 32"));
  const std::string model = folder_.file("detector.safetensors");
  test::write_random_model(model, toy_card());
  EXPECT_THAT(complaint({BackboneRole::optical, model}, nothing).second,
              HasSubstr("holds no vision transformer"));
  EXPECT_EQ(complaint({BackboneRole::optical, folder_.file("none")}, nothing).first, Fault::missing_file);
}

TEST_F(DetectorBackboneTest, WeightsThatAreNotThoseOfTheCardAreNamed) {
  auto [card, options] = task(BackboneRole::optical, toy_vit_card(true, false));
  tensors_.erase("blocks.1.attn.qkv.bias");
  write_tensors(options.backbones.files[0].path, {{kBackboneKey, toy_vit_card(true, false).to_json()}},
                tensors_);
  DualBranchNetwork network = make_network(card);
  EXPECT_THAT(nn_error_of([&] { load_backbone_weights(*network, card, options.backbones); }).second,
              HasSubstr("the weights blocks.1.attn.qkv.bias are missing"));
}

TEST_F(DetectorBackboneTest, TunedResumedEndsAsIfItHadNotBeenInterrupted) {
  auto [card, options] = task(BackboneRole::terrain, toy_vit_card(true, true, true));
  options.backbones.rate = 0.3;
  options.backbones.layer_decay = 0.7;
  const auto whole = trained(folder_.file("whole"), options, false, -1, card);
  const std::string path = folder_.file("stopped");
  trained(path, options, false, 11, card);
  expect_same_tensors(trained(path, options, true, -1, card).tensors, whole.tensors);
  const auto moved = whole.tensors.at("train.model.terrain.trunk.blocks.0.mlp.fc1.weight");
  EXPECT_FALSE(test::same_bits(moved, tensors_.at("blocks.0.mlp.fc1.weight")));
  options.backbones.rate = 1;
  EXPECT_THAT(nn_error_of([&] { trained(path, options, true, -1, card); }).second,
              HasSubstr("backbone_rate was 0.3"));
}

TEST_F(DetectorBackboneTest, FrozenItStaysBitForBitAndHasNoStateInTheOptimiser) {
  auto [card, options] = task(BackboneRole::optical, toy_vit_card(true, false));
  options.backbones.frozen = true;
  const auto run = trained(folder_.file("run"), options, false, -1, card);
  for (const char* prefix : {"model.", "train.model."}) {
    for (const char* name : {"blocks.1.attn.qkv.weight", "norm.bias", "patch_embed.proj.weight", "cls_token"})
      EXPECT_TRUE(
          test::same_bits(run.tensors.at(prefix + std::string("optical.trunk.") + name), tensors_.at(name)))
          << prefix << name;
  }
  for (const auto& entry : run.tensors)
    EXPECT_FALSE(entry.first.starts_with("adam.") && entry.first.find("trunk") != std::string::npos)
        << entry.first;
  EXPECT_TRUE(run.tensors.contains("adam.m.optical.level2.0.weight"));
}

TEST_F(DetectorBackboneTest, DrawnItHasTheShapeButNotTheWeights) {
  auto [card, options] = task(BackboneRole::optical, toy_vit_card(true, false));
  options.backbones.frozen = true;
  options.backbones.pretrained = false;
  const auto run = trained(folder_.file("run"), options, false, -1, card);
  const auto drawn = run.tensors.at("model.optical.trunk.blocks.1.attn.qkv.weight");
  EXPECT_EQ(drawn.sizes(), tensors_.at("blocks.1.attn.qkv.weight").sizes());
  EXPECT_FALSE(test::same_bits(drawn, tensors_.at("blocks.1.attn.qkv.weight")));
}

TEST_F(DetectorBackboneTest, TheModelFileAloneIsEnoughToDetect) {
  auto [card, options] = task(BackboneRole::joint, toy_vit_card(true, true, true));
  const std::string path = folder_.file("run");
  trained(path, options, false, -1, card);
  std::filesystem::remove(options.backbones.files[0].path);
  for (const auto precision : {Precision::fp32, Precision::bf16}) {
    const auto segmenter = load_segmenter(path, {"cpu", precision});
    ASSERT_TRUE(segmenter->card().network.joint_backbone);
    const std::size_t pixels = 64 * 64;
    std::vector<float> optical(pixels, 100), terrain(3 * pixels, 0.5F), logits(2 * pixels);
    const std::vector<std::uint8_t> valid(pixels, 1);
    segmenter->segment({1, 64, 64, optical, terrain, valid, valid}, logits);
    for (const float value : logits) ASSERT_TRUE(std::isfinite(value));
  }
}

TEST_F(DetectorBackboneTest, ACardThatSaysMoreThanTheFileHoldsIsRefused) {
  auto [card, options] = task(BackboneRole::optical, toy_vit_card(true, false));
  const std::string path = folder_.file("model");
  test::write_random_model(path, card);
  card.network.optical_backbone->depth = 99;
  rewrite_model_card(path, card);
  const auto [fault, text] = nn_error_of([&] { load_segmenter(path, {"cpu", Precision::fp32}); });
  EXPECT_EQ(fault, Fault::mismatch);
  EXPECT_THAT(text, HasSubstr("are missing or have another shape than the model's card says"));
}

TEST(DetectorGroups, RatesFallFromTheDecoderToThePixels) {
  ModelCard card = toy_card();
  BackboneShape shape;
  shape.name = "toy";
  shape.width = 16;
  shape.depth = 2;
  shape.heads = 2;
  shape.patch = 8;
  shape.grid = 4;
  card.network.optical_backbone = shape;
  DualBranchNetwork network = make_network(card);
  BackboneOptions options;
  options.rate = 0.5;
  options.layer_decay = 0.5;
  std::map<std::string, double> rate;
  std::size_t count = 0;
  for (const auto& group : detector_groups(*network, {}, options)) {
    for (const auto& parameter : group.parameters) {
      rate[parameter.first] = group.rate_scale;
      EXPECT_EQ(group.decayed, parameter.second.dim() > 1) << parameter.first;
      ++count;
    }
  }
  EXPECT_EQ(count, network->parameters().size() - 1);  // all but the fixed positions
  EXPECT_EQ(rate.at("head.weight"), 1);
  EXPECT_EQ(rate.at("optical.level8.0.weight"), 1);
  EXPECT_EQ(rate.at("optical.trunk.norm.weight"), 0.5);
  EXPECT_EQ(rate.at("optical.trunk.blocks.1.norm1.bias"), 0.25);
  EXPECT_EQ(rate.at("optical.trunk.patch_embed.proj.weight"), 0.0625);
}

}  // namespace
}  // namespace scarp::nn

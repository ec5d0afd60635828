// SPDX-License-Identifier: Apache-2.0
#include "nn/backbone.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "nn/error.h"
#include "tests/support/test_files.h"
#include "tests/support/toy_backbone_file.h"
#include "tests/support/toy_training.h"
#include "tests/support/toy_windows.h"

namespace scarp::nn {
namespace {

using test::nn_error_of;
using testing::HasSubstr;

TEST(Backbone, SaysTheSameOfAWindowAloneAndAmongOthers) {
  const test::TempFolder folder;
  const PretrainOptions options = test::tiny_pretraining(PretrainMethod::msn);
  test::ToyWindows windows(8, true, false);
  pretrain(test::toy_backbone(options, true, false), options, windows, {folder.file("last"), false}, nullptr,
           {});
  export_backbone(folder.file("last"), folder.file("b.safetensors"), test::toy_backbone(options, true, false),
                  true);
  const auto backbone = load_backbone(folder.file("b.safetensors"), "cpu", 1);
  std::vector<std::vector<float>> planes(3, std::vector<float>(32 * 32));
  std::vector<std::uint8_t> valid(32 * 32), none(32 * 32);
  std::vector<BackboneWindow> asked;
  for (std::size_t i = 0; i < planes.size(); ++i) {
    windows.fill(0, static_cast<std::int64_t>(i), {planes[i], {}, valid, none});
    asked.push_back({planes[i], {}, valid, none});
  }
  const auto together = backbone->features(asked, 32, 32, Readout::raw_token);
  const auto alone = backbone->features(std::span(asked).subspan(1, 1), 32, 32, Readout::raw_token);
  ASSERT_EQ(alone.front().window.size(), 32U);
  for (std::size_t f = 0; f < 32; ++f) EXPECT_NEAR(alone.front().window[f], together[1].window[f], 1e-5);
  EXPECT_EQ(together[0].patches.size(), 64U * 32U);
}

TEST(Backbone, LeavesOutPatchesWithoutData) {
  const auto options = test::tiny_pretraining(PretrainMethod::mae);
  const auto backbone = untrained_backbone(test::toy_backbone(options, true, true), 3, "cpu", 1);
  std::vector<float> optical(32 * 32, 100), terrain(2 * 32 * 32, 1);
  std::vector<std::uint8_t> valid(32 * 32, 1), terrain_valid(32 * 32, 1);
  valid[0] = terrain_valid[0] = 0;
  optical[0] = terrain[0] = std::numeric_limits<float>::quiet_NaN();
  const BackboneWindow window{optical, terrain, valid, terrain_valid};
  const auto said = backbone->features(std::span(&window, 1), 32, 32, Readout::mean).front();
  EXPECT_EQ(said.whole[0], 0);
  EXPECT_EQ(said.whole[1], 1);
  for (const float value : said.patches) EXPECT_TRUE(std::isfinite(value));
}

TEST(Backbone, RefusesAMaskOfAnotherSizeThanThePlanes) {
  const auto options = test::tiny_pretraining(PretrainMethod::mae);
  const auto backbone = untrained_backbone(test::toy_backbone(options, true, false), 3, "cpu", 1);
  const std::vector<float> optical(32 * 32, 100);
  for (const std::size_t pixels : {0U, 31U * 32U}) {
    const std::vector<std::uint8_t> valid(pixels, 1);
    const BackboneWindow window{optical, {}, valid, {}};
    EXPECT_THAT(nn_error_of([&] { backbone->features(std::span(&window, 1), 32, 32, Readout::mean); }).second,
                HasSubstr("the mask of a window has another size"));
  }
}

// A network of either card would take terabytes; the weights of the file take kilobytes.
TEST(Backbone, ACardThatSaysMoreThanTheFileHoldsIsRefused) {
  const test::TempFolder folder;
  const std::string path = folder.file("b.safetensors");
  for (const bool grouped : {false, true}) {
    BackboneCard card = test::toy_vit_card(true, true, grouped);
    const NamedTensors weights = test::write_toy_vit(path, card);
    card.width = 8192;
    card.depth = 256;
    write_tensors(path, {{kBackboneKey, card.to_json()}}, weights);
    const auto [fault, text] = nn_error_of([&] { load_backbone(path, "cpu", 1); });
    EXPECT_EQ(fault, Fault::mismatch);
    EXPECT_THAT(text, HasSubstr("blocks.0.mlp.fc1.weight are missing or have another shape"));
    ModelCard model = test::toy_card();
    EXPECT_EQ(nn_error_of([&] {
                adopt_backbone(model, {BackboneRole::terrain, path});
              }).first,
              Fault::mismatch);
    EXPECT_FALSE(model.network.terrain_backbone);
  }
}

// Of a file without a card heads are assumed: one for 64 numbers of the width.
TEST(Backbone, AWidthThatItsAssumedHeadsDoNotShareIsRefused) {
  const test::TempFolder folder;
  VisionTransformerOptions options;
  options.patch = 8;
  options.grid = {2, 2};
  options.depth = 1;
  options.positions = PositionKind::learned;
  const auto written = [&](std::int64_t width, std::int64_t heads) {
    options.width = width;
    options.heads = heads;
    VisionTransformer network(options);
    NamedTensors weights;
    for (const auto& item : network->named_parameters()) weights[item.key()] = item.value();
    write_tensors(folder.file("vit.safetensors"), {}, weights);
    return folder.file("vit.safetensors");
  };
  const auto small = load_backbone(written(32, 2), "cpu", 1);
  EXPECT_THAT(small->card().description, HasSubstr("assumed are 1 heads"));
  const std::string path = written(200, 2);
  const auto [fault, text] = nn_error_of([&] { load_backbone(path, "cpu", 1); });
  EXPECT_EQ(fault, Fault::mismatch);
  EXPECT_THAT(text, HasSubstr("width 200 must be a multiple of heads 3"));
}

}  // namespace
}  // namespace scarp::nn

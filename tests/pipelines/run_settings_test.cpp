// SPDX-License-Identifier: Apache-2.0
#include "pipelines/training/run_settings.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "pipelines/error.h"
#include "pipelines/nearest_name.h"
#include "tests/support/test_files.h"

namespace scarp::pipelines {
namespace {

constexpr const char* kSmallest = "scenes:\n  - {optical: a.tif, dem: d.tif, labels: l.gpkg}\n";

class RunSettingsFile : public ::testing::Test {
 protected:
  RunSettings read(const std::string& text, const std::vector<std::string>& settings = {}) {
    test::write_text(folder_.file("run.yaml"), text);
    return read_run_settings(folder_.file("run.yaml"), settings);
  }
  std::string refusal(const std::string& text, const std::vector<std::string>& settings = {}) {
    try {
      read(text, settings);
    } catch (const Error& error) {
      EXPECT_EQ(static_cast<int>(error.fault()), static_cast<int>(Fault::usage));
      return error.what();
    }
    ADD_FAILURE() << "accepted: " << text;
    return {};
  }
  test::TempFolder folder_;
};

TEST_F(RunSettingsFile, NeedsOnlyScenes) {
  const RunSettings settings = read(kSmallest);
  EXPECT_EQ(settings.training.epochs, 30);
  EXPECT_EQ(settings.scenes.at(0).paths.optical, folder_.file("a.tif"))
      << "paths are relative to the run file";
}

TEST_F(RunSettingsFile, SettingsOnTheCommandLineWin) {
  const RunSettings settings = read(std::string(kSmallest) + "training: {epochs: 3}\n",
                                    {"training.epochs=7", "network.width=0.25", "scenes.0.use=training"});
  EXPECT_EQ(settings.training.epochs, 7);
  EXPECT_EQ(settings.network.width, 0.25);
  EXPECT_EQ(settings.scenes.at(0).use, SceneUse::training);
}

TEST_F(RunSettingsFile, WrittenOutAndReadAgainItIsTheSame) {
  const RunSettings settings = read(
      std::string(kSmallest) + "network: {encoder: resnet34, fusion_strides: [8, 16]}\nterrain: [slope]\n");
  const std::string text = to_yaml(settings);
  EXPECT_EQ(to_yaml(read(text)), text);
}

TEST_F(RunSettingsFile, AMisspeltKeyIsRefusedWithTheNearestOne) {
  EXPECT_NE(refusal(std::string(kSmallest) + "training: {epoch: 3}\n")
                .find("unknown key 'training.epoch'; did you mean 'training.epochs'?"),
            std::string::npos);
  EXPECT_NE(
      refusal("scenes:\n  - {optical: a.tif, labels: l.gpkg, demm: d.tif}\n").find("did you mean 'dem'?"),
      std::string::npos);
}

TEST_F(RunSettingsFile, AValueOfTheWrongTypeIsRefused) {
  EXPECT_NE(refusal(std::string(kSmallest) + "training: {epochs: many}\n")
                .find("training.epochs must be integer, not 'many'"),
            std::string::npos);
  EXPECT_NE(refusal(std::string(kSmallest) + "network: {encoder: resnet19}\n")
                .find("'resnet19' is none of resnet18"),
            std::string::npos);
}

TEST_F(RunSettingsFile, ValuesOutOfRangeAreRefused) {
  EXPECT_NE(refusal(std::string(kSmallest), {"network.width=9"}).find("network.width"), std::string::npos);
  EXPECT_NE(refusal(std::string(kSmallest), {"samples.side=100"}).find("multiple of 32"), std::string::npos);
  EXPECT_NE(refusal("name: x\n").find("names no scenes"), std::string::npos);
  EXPECT_NE(refusal("scenes:\n  - {optical: a.tif, labels: l.gpkg}\n").find("has no dem"), std::string::npos);
}

TEST_F(RunSettingsFile, BackbonesLieBesideItAndNeedTilesOfTheSizeOfSamples) {
  const std::string text =
      std::string(kSmallest) +
      "network: {terrain_backbone: vit.safetensors, adapt_channels: mean, backbone_weights: "
      "drawn}\ntile: {size: 256}\ntraining: {backbone: frozen, backbone_rate: 0.3}\n";
  const RunSettings settings = read(text);
  ASSERT_EQ(settings.training.backbones.files.size(), 1);
  EXPECT_EQ(settings.training.backbones.files[0].path, folder_.file("vit.safetensors"));
  EXPECT_EQ(settings.training.backbones.files[0].role, nn::BackboneRole::terrain);
  EXPECT_EQ(settings.training.backbones.files[0].channels, nn::ChannelMatch::mean);
  EXPECT_TRUE(settings.training.backbones.frozen);
  EXPECT_FALSE(settings.training.backbones.pretrained);
  EXPECT_EQ(to_yaml(read(to_yaml(settings))), to_yaml(settings));
  EXPECT_NE(refusal(text, {"tile.size=512"}).find("must be samples.side, 256, with a backbone"),
            std::string::npos);
  EXPECT_NE(refusal(text, {"network.input_stride=2"}).find("network.input_stride must be 1"),
            std::string::npos);
  EXPECT_NE(refusal(text, {"network.joint_backbone=a"}).find("needs network.fusion: early"),
            std::string::npos);
  EXPECT_NE(refusal(text, {"training.layer_decay=0"}).find("training.layer_decay must be positive"),
            std::string::npos);
  EXPECT_NE(refusal(text, {"training.backbone_rate=0"}).find("training.backbone_rate must be positive"),
            std::string::npos);
  EXPECT_NE(refusal(text, {"samples.labelled_share=0"}).find("samples.labelled_share is 0"),
            std::string::npos);
}

TEST_F(RunSettingsFile, BrokenYamlAndAMissingFileAreRefused) {
  EXPECT_NE(refusal("scenes: [").find("not valid YAML"), std::string::npos);
  EXPECT_NE(refusal("? {a: b}\n: c\n").find("a key below '' is no text"), std::string::npos);
  EXPECT_THROW(read_run_settings(folder_.file("absent.yaml"), {}), Error);
  EXPECT_NE(refusal(kSmallest, {"training.epochs"}).find("key.path=value"), std::string::npos);
  EXPECT_NE(refusal(kSmallest, {"scenes.99999999999999999999.use=training"}).find("the key scenes"),
            std::string::npos);
}

TEST(RunSettingsTable, IsWhatTheDocumentationHolds) {
  const char* root = std::getenv("SCARP_SOURCE_DIR");
  ASSERT_NE(root, nullptr);
  std::ifstream file(std::string(root) + "/docs/run-files.md");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_NE(text.str().find(settings_table()), std::string::npos)
      << "docs/run-files.md must hold this table:\n"
      << settings_table();
}

TEST(NearestName, TakesTheFewestEdits) {
  EXPECT_EQ(nearest_name("epoch", {"batch", "epochs", "seed"}), "epochs");
  EXPECT_EQ(nearest_name("lerning_rate", {"learning_rate", "warmup"}), "learning_rate");
}

}  // namespace
}  // namespace scarp::pipelines

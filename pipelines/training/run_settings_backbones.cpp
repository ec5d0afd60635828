// SPDX-License-Identifier: Apache-2.0
#include "pipelines/training/run_settings_backbones.h"

#include "pipelines/runs/setting_builders.h"

namespace scarp::pipelines {
namespace {

const Names<nn::ChannelMatch> kMatches = {{"exact", nn::ChannelMatch::exact},
                                          {"repeat", nn::ChannelMatch::repeat},
                                          {"mean", nn::ChannelMatch::mean},
                                          {"zero", nn::ChannelMatch::zero}};
const Names<bool> kWeights = {{"pretrained", true}, {"drawn", false}};
const Names<bool> kStatistics = {{"backbone", true}, {"measured", false}};
const Names<bool> kMoves = {{"tuned", false}, {"frozen", true}};

}  // namespace

std::vector<Setting> backbone_settings() {
  return {
      value_setting<RunSettings>(
          "network.optical_backbone", "",
          "a pretrained vision transformer, by name or file: the optical encoder",
          [](RunSettings & s) -> auto& { return s.optical_backbone; }),
      value_setting<RunSettings>(
          "network.terrain_backbone", "",
          "a pretrained vision transformer, by name or file: the terrain encoder",
          [](RunSettings & s) -> auto& { return s.terrain_backbone; }),
      value_setting<RunSettings>(
          "network.joint_backbone", "",
          "a pretrained vision transformer, by name or file: the one encoder for both of network.fusion: "
          "early",
          [](RunSettings & s) -> auto& { return s.joint_backbone; }),
      choice_setting<RunSettings>(
          "network.adapt_channels", kMatches,
          "channels of a backbone: the same, in any order (exact), or its patch projection is made for "
          "others: "
          "weights repeated, their mean, or zero for those beyond its own; statistics are then measured",
          [](RunSettings & s) -> auto& { return s.adapt_channels; }),
      choice_setting<RunSettings>(
          "network.backbone_statistics", kStatistics,
          "means and deviations of its channels: as it was pretrained, or of the blocks that train, for "
          "ground "
          "of quite other values",
          [](RunSettings & s) -> auto& { return s.own_backbone_statistics; }),
      choice_setting<RunSettings>(
          "network.backbone_weights", kWeights, "those of the file, or drawn for the same shape: the control",
          [](RunSettings & s) -> auto& { return s.training.backbones.pretrained; }),
  };
}

std::vector<Setting> backbone_course_settings() {
  return {
      choice_setting<RunSettings>(
          "training.backbone", kMoves, "whether the weights of backbones are trained or stay as they are",
          [](RunSettings & s) -> auto& { return s.training.backbones.frozen; }),
      value_setting<RunSettings>(
          "training.backbone_rate", "", "factor on the learning rate of the weights of backbones",
          [](RunSettings & s) -> auto& { return s.training.backbones.rate; }),
      value_setting<RunSettings>(
          "training.layer_decay", "",
          "factor on it from layer to layer of a backbone, from its last to its patches",
          [](RunSettings & s) -> auto& { return s.training.backbones.layer_decay; }),
  };
}

}  // namespace scarp::pipelines

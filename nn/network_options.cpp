// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>

#include "nn/model_card.h"

namespace scarp::nn {
namespace {

void require(bool condition, const std::string& sentence) {
  if (!condition) throw std::invalid_argument(sentence);
}

}  // namespace

bool NetworkOptions::has_backbone() const {
  return optical_backbone || terrain_backbone || joint_backbone;
}

void NetworkOptions::check() const {
  require(width >= 0.125 && width <= 2, "network.width must lie in 0.125 to 2, is " + std::to_string(width));
  require(input_stride == 1 || input_stride == 2,
          "network.input_stride must be 1 or 2, is " + std::to_string(input_stride));
  require(dropout >= 0 && dropout < 1, "network.dropout must lie in 0 to 1, is " + std::to_string(dropout));
  require(attention_reduction >= 1,
          "network.attention_reduction must be at least 1, is " + std::to_string(attention_reduction));
  for (const int stride : fusion_strides) {
    require(stride == 2 || stride == 4 || stride == 8 || stride == 16 || stride == 32,
            "network.fusion_strides must be among 2, 4, 8, 16, 32, holds " + std::to_string(stride));
  }
  check_backbones();
}

void NetworkOptions::check_backbones() const {
  for (const auto& backbone : {optical_backbone, terrain_backbone, joint_backbone}) {
    if (backbone) backbone->check();
  }
  if (!has_backbone()) return;
  require(input_stride == 1,
          "network.input_stride must be 1 with a backbone: it sees pixels of its own size");
  require(!joint_backbone || (!optical_backbone && !terrain_backbone),
          "network.joint_backbone stands for both encoders: give no other backbone beside it");
  require(joint_backbone.has_value() == (fusion == Fusion::early),
          joint_backbone ? "network.joint_backbone needs network.fusion: early, one encoder for both"
                         : "network.fusion: early has one encoder for both: give network.joint_backbone");
}

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nn/model_card.h"

namespace scarp::nn {

/// Which encoder of the detector a backbone becomes.
enum class BackboneRole : std::uint8_t { optical, terrain, joint };
std::string to_string(BackboneRole role);

/// How the patch projection of a backbone is made to fit the channels of the model: it must have all of them
/// and no other, in any order; or else it is made for as many channels as ChannelInit says, whatever they are
/// called.
enum class ChannelMatch : std::uint8_t { exact, repeat, mean, zero };

/// A file of a vision transformer: of scarp pretrain, or any that load_backbone() opens.
struct DetectorBackbone {
  BackboneRole role = BackboneRole::optical;
  std::string path;
  ChannelMatch channels = ChannelMatch::exact;
  bool own_statistics =
      true;  ///< false: channels are normalised by statistics measured on the model's ground
};

/// Backbones of a training, and how their weights move.
struct BackboneOptions {
  std::vector<DetectorBackbone> files;
  bool pretrained = true;  ///< false: of the same shape, but drawn: the control
  bool frozen = false;     ///< they have no gradient and stay as they are; pyramid and decoder are trained
  double rate = 1;         ///< factor on the learning rate of their weights, (0, 10]
  double layer_decay = 1;  ///< from layer to layer towards the pixels, (0, 1]; see nn/training/schedules.h
  void check() const;      ///< @throws std::invalid_argument naming the first field out of range
};

/// Whose statistics normalise the channels: those of the backbone, or else they are to be measured.
struct AdoptedStatistics {
  bool optical = false;
  bool terrain = false;
};

/// Makes a backbone an encoder of a model: sets its shape in the card's network and, where the backbone has
/// the channels that the model has and unless they are to be measured, their statistics. Weights come later,
/// with the training.
/// @param card  with channels, terrain unit and local contrast as the model will have them
/// @throws Error (mismatch) for other channels or another unit of lengths; (bad_argument) for a role without
/// channels; what reading the file throws
AdoptedStatistics adopt_backbone(ModelCard& card, const DetectorBackbone& backbone);

}  // namespace scarp::nn

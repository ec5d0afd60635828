// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "nn/backbone_card.h"
#include "nn/io/tensor_file.h"
#include "nn/pretrainer.h"
#include "nn/pretraining/pretraining_method.h"
#include "nn/torch/grouped_autoencoder.h"
#include "nn/torch/vision_transformer.h"

namespace scarp::test {

/// A backbone for the channels of the toy training (tests/support/toy_training.h), small enough for a test.
inline nn::BackboneCard toy_vit_card(bool optical, bool terrain, bool grouped = false) {
  nn::BackboneCard card;
  card.name = "toy-vit";
  card.method = "mae";
  card.scarp_version = "0.0.0";
  card.width = 16;
  card.depth = 2;
  card.heads = 2;
  card.patch = 8;
  card.side_px = 32;
  card.grouped = grouped;
  if (optical) card.optical = {{"red", "digital number", 90, 40}};
  if (terrain) {
    card.terrain = {{"gradient_north", "1", 0.1, 0.3},
                    {"relative_elevation_17", "m", 1, 12},
                    {"gradient_east", "1", 0.2, 0.4}};
  }
  return card;
}

/// A file of such a backbone with drawn weights. @return the weights
inline nn::NamedTensors write_toy_vit(const std::string& path,
                                      const nn::BackboneCard& card,
                                      std::uint64_t seed = 3) {
  const auto random = nn::stream_generator(seed, -1, -7);
  nn::NamedTensors tensors;
  const auto keep = [&](torch::nn::Module& network) {
    nn::initialise(network, nn::Initialisation::masked_autoencoder, random);
    for (const auto& item : network.named_parameters()) tensors[item.key()] = item.value();
  };
  if (card.grouped) {
    nn::PretrainOptions options;
    options.decoder_width = 16;
    options.decoder_depth = 1;
    options.decoder_heads = 1;
    nn::GroupedAutoencoder network(nn::grouped_options(card, options));
    keep(*network);
  } else {
    nn::VisionTransformer network(nn::encoder_options(card));
    keep(*network);
  }
  nn::write_tensors(path, {{nn::kBackboneKey, card.to_json()}, {"format", "pt"}}, tensors);
  return tensors;
}

}  // namespace scarp::test

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "nn/backbone_card.h"
#include "nn/io/tensor_file.h"
#include "nn/torch/vision_transformer.h"

namespace scarp::nn {

/// An encoder and its card, read from any file of weights.
struct EncoderFile {
  BackboneCard card;        ///< of a file without one, what is assumed
  NamedTensors weights;     ///< native names, float32, encoder alone
  bool pools_mean = false;  ///< its last norm stands behind the mean of the patches: fc_norm
};
/// A network of the card is no larger than the file: its largest weights are there.
/// @throws Error (mismatch), FormatError
EncoderFile read_encoder(const std::string& path);

/// Copies weights under native names into an encoder; what decodes or classifies is left as it is.
/// @throws Error (mismatch) naming a tensor that is missing or of another shape
void set_encoder_weights(torch::nn::Module& encoder, const NamedTensors& weights, const std::string& what);

/// The encoder with its weights; `classes` > 0 adds a head that is not set.
/// @throws Error (mismatch) naming a tensor that is missing or of another shape
VisionTransformer make_encoder(const EncoderFile& file, std::int64_t classes = 0, double drop_path = 0);

}  // namespace scarp::nn

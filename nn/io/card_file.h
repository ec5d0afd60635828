// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "nn/io/safetensors.h"
#include "nn/model_card.h"

namespace scarp::nn {

inline constexpr const char* kCardKey = "scarp";       ///< metadata key of the model card
inline constexpr const char* kModelPrefix = "model.";  ///< tensors of the model itself

/// The card in a file's metadata. @throws Error (unreadable) if there is none, or it is damaged
ModelCard card_of(const SafetensorsFile& file);

/// Whether a tensor belongs to the model itself, not to the state of a training.
bool of_the_model(const std::string& tensor_name);

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "nn/weight_file.h"

namespace scarp::nn {

/// "safetensors", "PyTorch zip", "PyTorch before 1.6"
const char* container_name(WeightContainer container);

/// Whether it is a model of Scarp, with a card in its metadata.
bool has_model_card(const WeightFile& file);
/// Whether scarp pretrain made it: a backbone, or a checkpoint of its run, with a BackboneCard in its
/// metadata.
bool has_backbone_card(const WeightFile& file);

/// What can be told of a vision transformer from the shapes of its tensors.
struct VitShape {
  std::int64_t width = 0;
  std::int64_t depth = 0;
  std::int64_t patch = 0;
  std::int64_t channels = 0;
  std::int64_t positions = 0;      ///< tokens, with cls
  std::int64_t decoder_depth = 0;  ///< 0: none
};

struct WeightSummary {
  std::string kind;        ///< "mae", "hpm", "msn", "encoder", "unknown": told from names
  std::string layout;      ///< "native", "hf-vitmae", "hf-vitmsn", "unknown"
  std::string state_dict;  ///< the dict that a loader takes; empty: the whole file
  std::string prefix;      ///< that goes from all its names
  std::optional<VitShape> vit;
  std::int64_t parameters = 0;                     ///< floating-point elements of the state dict
  std::int64_t bytes = 0;                          ///< of all tensors
  std::map<std::string, std::int64_t> types;       ///< tensors of each element type
  std::map<std::string, std::int64_t> not_finite;  ///< by tensor: values that are NaN or infinite
};

/// Reads every value once, so that a file that is summed up is known to be whole.
/// @throws FormatError
WeightSummary summarise(const WeightFile& file);

}  // namespace scarp::nn

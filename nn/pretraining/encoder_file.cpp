// SPDX-License-Identifier: Apache-2.0
#include "nn/pretraining/encoder_file.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include <torch/torch.h>

#include "nn/error.h"
#include "nn/pretraining/pretraining_method.h"
#include "nn/weight_summary.h"
#include "nn/weights/element_values.h"
#include "nn/weights/vit_layouts.h"
#include "nn/weights/vit_names.h"

namespace scarp::nn {
namespace {

constexpr std::int64_t kHeadWidth = 64;  // of every published vision transformer

at::Tensor as_float_tensor(const WeightArray& array) {
  auto tensor = torch::empty(array.shape, torch::kFloat32);
  if (array.dtype == "F32") {
    if (tensor.numel() > 0)
      std::memcpy(tensor.mutable_data_ptr<float>(), array.data.data(), array.data.size());
    return tensor;
  }
  const std::vector<double> values = values_of(array.dtype, array.data);
  float* out = tensor.mutable_data_ptr<float>();
  for (std::size_t i = 0; i < values.size(); ++i) out[i] = static_cast<float>(values[i]);
  return tensor;
}

bool of_the_encoder(const std::string& name, bool grouped) {
  if (grouped)
    return name.starts_with("patch_embed.") || name.starts_with("blocks.") || name == "cls_token" ||
           name.starts_with("norm.");
  const auto part = part_of(name);
  return part == VitPart::trunk || part == VitPart::norm || name.starts_with("fc_norm.");
}

BackboneCard assumed_card(const WeightFile& file) {
  const WeightSummary summary = summarise(file);
  if (!summary.vit) {
    throw Error(Fault::mismatch,
                file.path() +
                    " holds no vision transformer: give a backbone of scarp pretrain, or a file "
                    "that scarp model info tells a vit of");
  }
  const VitShape& shape = *summary.vit;
  const auto side =
      static_cast<std::int64_t>(std::llround(std::sqrt(static_cast<double>(shape.positions - 1))));
  if (shape.channels != 3 || side < 1 || side * side != shape.positions - 1) {
    throw Error(Fault::mismatch, file.path() + " does not say what its " + std::to_string(shape.channels) +
                                     " channels are, nor does it hold a square table of positions: only a "
                                     "backbone of scarp pretrain, or one of three channels, can be used");
  }
  BackboneCard card;
  card.name = summary.kind;
  card.method = summary.kind;
  card.width = shape.width;
  card.depth = shape.depth;
  card.heads = std::max<std::int64_t>(1, shape.width / kHeadWidth);
  card.description = "a file without a card: assumed are " + std::to_string(card.heads) +
                     " heads, and three channels of 0 to 255 with the statistics of ImageNet";
  card.patch = shape.patch;
  card.side_px = side * shape.patch;
  card.learned_positions = true;
  card.optical = {{"red", "digital number", 123.675, 58.395},
                  {"green", "digital number", 116.28, 57.12},
                  {"blue", "digital number", 103.53, 57.375}};
  try {
    card.check();
  } catch (const std::invalid_argument& error) {
    throw Error(Fault::mismatch, file.path() + " cannot be used as a backbone: " + error.what());
  }
  return card;
}

BackboneCard card_of_file(const WeightFile& file) {
  return has_backbone_card(file) ? BackboneCard::from_json(file.notes().at(kBackboneKey))
                                 : assumed_card(file);
}

[[noreturn]] void refuse_weights(const std::string& what, const std::string& name) {
  throw Error(Fault::mismatch, what + ": the weights " + name +
                                   " are missing or have another shape than the backbone's card says");
}

// Before a network of the card is built: the file may be a thousandth of what its card says.
void require_weights_of(const BackboneCard& card, const NamedTensors& weights, const std::string& what) {
  auto shapes = card.shape().telling_weights();
  const auto projection = [&](const std::string& name, std::int64_t channels) {
    shapes[name + ".weight"] = {card.width, channels, card.patch, card.patch};
  };
  if (card.grouped) {
    projection("patch_embed.0.proj", static_cast<std::int64_t>(card.optical.size()));
    projection("patch_embed.1.proj", static_cast<std::int64_t>(card.terrain.size()));
  } else {
    projection("patch_embed.proj", card.channels());
  }
  for (const auto& [name, shape] : shapes) {
    const auto found = weights.find(name);
    if (found == weights.end() || found->second.sizes() != at::IntArrayRef(shape)) refuse_weights(what, name);
  }
}

}  // namespace

void set_encoder_weights(torch::nn::Module& encoder, const NamedTensors& weights, const std::string& what) {
  const torch::NoGradGuard no_grad;
  for (auto& item : encoder.named_parameters()) {
    const std::string& name = item.key();
    const bool decoder = name.find("decoder") != std::string::npos || name == "mask_token";
    if (decoder || name.starts_with("head.")) continue;
    const auto found = weights.find(name);
    if (found == weights.end() || found->second.sizes() != item.value().sizes()) refuse_weights(what, name);
    item.value().copy_(found->second);
  }
}

EncoderFile read_encoder(const std::string& path) {
  const WeightFile file(path);
  EncoderFile result;
  result.card = card_of_file(file);
  ConversionReport report;
  WeightMap weights = load_state_dict(file, choose_state_dict(file));
  if (!result.card.grouped) weights = to_native(std::move(weights), report);
  for (const auto& [name, array] : weights) {
    if (!of_the_encoder(name, result.card.grouped)) continue;
    result.weights[name] = as_float_tensor(array);
    if (!result.weights[name].isfinite().all().item<bool>())
      throw Error(Fault::not_finite, path + ": the weights " + name + " hold values that are not numbers");
  }
  require_weights_of(result.card, result.weights, path);
  result.pools_mean = result.weights.contains("fc_norm.weight");
  return result;
}

VisionTransformer make_encoder(const EncoderFile& file, std::int64_t classes, double drop_path) {
  VisionTransformerOptions options = encoder_options(file.card);
  options.classes = classes;
  options.drop_path = drop_path;
  if (file.pools_mean) options.pooling = Pooling::mean;
  VisionTransformer network(options);
  set_encoder_weights(*network, file.weights, file.card.name);
  return network;
}

}  // namespace scarp::nn

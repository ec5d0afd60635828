// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "nn/backbone_card.h"
#include "nn/io/card_file.h"
#include "nn/weight_summary.h"
#include "nn/weights/element_values.h"
#include "nn/weights/vit_layouts.h"
#include "nn/weights/vit_names.h"

namespace scarp::nn {
namespace {

using Names = std::map<std::string, const WeightTensor*>;

/// The names as native ones, for looking only: a third of a split tensor stands for the whole.
Names native_names(const StateDict& chosen, WeightLayout layout) {
  if (layout == WeightLayout::native) return chosen.tensors;
  Names native;
  for (const auto& [name, tensor] : chosen.tensors) {
    if (const auto target = native_name(hf_spelling_4(name))) native.emplace(target->name, tensor);
  }
  return native;
}

std::string kind_of(const Names& native) {
  bool decoder = false, predictor = false, projector = false;
  for (const auto& [name, tensor] : native) {
    const auto part = part_of(name);
    decoder = decoder || part == VitPart::decoder;
    predictor = predictor || part == VitPart::predictor;
    projector = projector || part == VitPart::projector;
  }
  if (predictor) return "hpm";
  if (decoder) return "mae";
  return projector ? "msn" : "encoder";
}

std::int64_t depth_of(const Names& native, const std::string& stem) {
  std::int64_t depth = 0;
  while (native.contains(stem + std::to_string(depth) + ".norm1.weight")) ++depth;
  return depth;
}

std::optional<VitShape> shape_of(const Names& native) {
  const auto projection = native.find("patch_embed.proj.weight");
  if (projection == native.end() || projection->second->shape.size() != 4) return std::nullopt;
  if (!native.contains("blocks.0.norm1.weight")) return std::nullopt;
  const auto& sizes = projection->second->shape;
  VitShape shape;
  shape.width = sizes[0];
  shape.channels = sizes[1];
  shape.patch = sizes[2];
  shape.depth = depth_of(native, "blocks.");
  shape.decoder_depth = depth_of(native, "decoder_blocks.");
  const auto table = native.find("pos_embed");
  if (table != native.end() && table->second->shape.size() == 3) shape.positions = table->second->shape[1];
  return shape;
}

// A backbone of image and terrain has two patch projections and no layout of others: its card tells.
std::string kind_by_card(const WeightFile& file) {
  const bool ours = file.container() == WeightContainer::safetensors && file.notes().contains(kBackboneKey);
  return ours ? BackboneCard::from_json(file.notes().at(kBackboneKey)).method : "unknown";
}

}  // namespace

const char* container_name(WeightContainer container) {
  switch (container) {
    case WeightContainer::safetensors:
      return "safetensors";
    case WeightContainer::torch_zip:
      return "PyTorch zip";
    case WeightContainer::torch_legacy:
      return "PyTorch before 1.6";
  }
  return "";
}

bool has_model_card(const WeightFile& file) {
  return file.container() == WeightContainer::safetensors && file.notes().contains(kCardKey);
}

bool has_backbone_card(const WeightFile& file) {
  return file.container() == WeightContainer::safetensors && file.notes().contains(kBackboneKey);
}

WeightSummary summarise(const WeightFile& file) {
  const StateDict chosen = choose_state_dict(file);
  WeightSummary summary;
  summary.state_dict = chosen.key;
  summary.prefix = chosen.prefix;
  std::vector<std::string> names;
  for (const auto& [name, tensor] : chosen.tensors) {
    names.push_back(name);
    if (is_floating(tensor->dtype)) summary.parameters += static_cast<std::int64_t>(tensor->elements());
  }
  const WeightLayout layout = layout_of(names);
  const Names native = native_names(chosen, layout);
  summary.vit = shape_of(native);
  summary.kind = summary.vit ? kind_of(native) : kind_by_card(file);
  summary.layout = summary.vit ? layout_name(layout) : "unknown";
  for (const WeightTensor& tensor : file.tensors()) {
    summary.bytes += static_cast<std::int64_t>(tensor.bytes);
    ++summary.types[tensor.dtype];
    const std::int64_t count = count_not_finite(tensor.dtype, file.read(tensor));
    if (count > 0) summary.not_finite.emplace(tensor.name(), count);
  }
  return summary;
}

}  // namespace scarp::nn

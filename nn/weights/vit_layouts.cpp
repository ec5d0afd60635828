// SPDX-License-Identifier: Apache-2.0
#include "nn/weights/vit_layouts.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "nn/error.h"
#include "nn/io/printable.h"
#include "nn/weights/vit_names.h"

namespace scarp::nn {
namespace {

using Thirds = std::array<std::optional<WeightArray>, 3>;

void add_once(WeightMap& weights, const std::string& name, WeightArray array) {
  if (!weights.emplace(name, std::move(array)).second)
    throw Error(Fault::mismatch, "two tensors of the file are " + printable(name));
}

WeightArray joined(const std::string& name, Thirds& thirds) {
  const bool whole =
      std::all_of(thirds.begin(), thirds.end(), [](const auto& each) { return each.has_value(); });
  const bool alike =
      whole && !thirds[0]->shape.empty() && std::all_of(thirds.begin(), thirds.end(), [&](const auto& each) {
        return each->dtype == thirds[0]->dtype && each->shape == thirds[0]->shape;
      });
  if (!alike)
    throw Error(Fault::mismatch,
                name + ": query, key and value are not all there, or differ in shape or type");
  WeightArray all = std::move(*thirds[0]);
  all.shape[0] *= 3;
  for (std::size_t i = 1; i < 3; ++i)
    all.data.insert(all.data.end(), thirds[i]->data.begin(), thirds[i]->data.end());
  return all;
}

WeightArray third_of(const WeightArray& array, int third, const std::string& name) {
  if (third < 0) return array;
  if (array.shape.empty() || array.shape[0] % 3 != 0)
    throw Error(Fault::mismatch, name + " cannot be split into query, key and value");
  WeightArray part{array.dtype, array.shape, {}};
  part.shape[0] /= 3;
  const auto bytes = static_cast<std::ptrdiff_t>(array.data.size() / 3);
  part.data.assign(array.data.begin() + third * bytes, array.data.begin() + (third + 1) * bytes);
  return part;
}

int blocks_of(const WeightMap& native, const std::string& stem) {
  int depth = 0;
  for (const auto& [name, array] : native) {
    if (name.starts_with(stem) && part_of(name))
      depth = std::max(depth, std::stoi(name.substr(stem.size())) + 1);
  }
  return depth;
}

void add_blocks(std::vector<std::string>& names, const std::string& stem, int depth) {
  for (int i = 0; i < depth; ++i) {
    for (const char* inner : {"norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2"}) {
      for (const char* leaf : {".weight", ".bias"})
        names.push_back(stem + std::to_string(i) + "." + inner + leaf);
    }
  }
}

bool has_part(const WeightMap& native, VitPart part) {
  return std::any_of(native.begin(), native.end(),
                     [&](const auto& each) { return part_of(each.first) == part; });
}

bool fits(VitPart part, const ConversionOptions& options) {
  const bool encoder = part == VitPart::trunk || part == VitPart::norm;
  if (encoder || (part == VitPart::classifier && options.layout != WeightLayout::hf_vitmae)) return true;
  if (options.encoder_only || part == VitPart::classifier) return false;
  return options.layout == WeightLayout::native ||
         (options.layout == WeightLayout::hf_vitmae && part == VitPart::decoder);
}

}  // namespace

WeightLayout layout_of(const std::vector<std::string>& names) {
  const auto has = [&](auto accept) { return std::any_of(names.begin(), names.end(), accept); };
  if (!has([](const std::string& name) { return name.ends_with("embeddings.cls_token"); }))
    return WeightLayout::native;
  return has([](const std::string& name) { return name.starts_with("decoder."); }) ? WeightLayout::hf_vitmae
                                                                                   : WeightLayout::hf_vitmsn;
}

WeightMap to_native(WeightMap weights, ConversionReport& report) {
  std::vector<std::string> names;
  for (const auto& [name, array] : weights) names.push_back(name);
  report.source = layout_of(names);
  WeightMap native;
  std::map<std::string, Thirds> split;
  for (auto& [name, array] : weights) {
    const bool mask = name == "embeddings.mask_token" || name == "vit.embeddings.mask_token";
    std::optional<NativeName> target;
    if (report.source != WeightLayout::native) target = native_name(hf_spelling_4(name));
    if (report.source == WeightLayout::native && part_of(name)) target = NativeName{name};
    if (!target) {
      (mask ? report.dropped : report.unexpected).push_back(name);
    } else if (target->third < 0) {
      add_once(native, target->name, std::move(array));
    } else {
      auto& place = split[target->name][static_cast<std::size_t>(target->third)];
      if (place)
        throw Error(Fault::mismatch, "two tensors of the file are " + printable(hf_spelling_4(name)));
      place = std::move(array);
    }
  }
  for (auto& [name, thirds] : split) add_once(native, name, joined(name, thirds));
  return native;
}

void keep_what_fits(WeightMap& native, const ConversionOptions& options, ConversionReport& report) {
  const bool hugging = options.layout == WeightLayout::hf_vitmae || options.layout == WeightLayout::hf_vitmsn;
  std::erase_if(native, [&](const auto& each) {
    const bool keep =
        fits(part_of(each.first).value(), options) && !(hugging && each.first.starts_with("fc_norm."));
    if (!keep) report.dropped.push_back(each.first);
    return !keep;
  });
}

std::vector<std::string> missing_of(const WeightMap& native, WeightLayout layout) {
  std::vector<std::string> wanted = {"cls_token", "pos_embed", "patch_embed.proj.weight",
                                     "patch_embed.proj.bias"};
  add_blocks(wanted, "blocks.", std::max(1, blocks_of(native, "blocks.")));
  const bool other_norm = native.contains("fc_norm.weight") && native.contains("fc_norm.bias");
  if (!other_norm) wanted.insert(wanted.end(), {"norm.weight", "norm.bias"});
  if (layout == WeightLayout::hf_vitmae || has_part(native, VitPart::decoder)) {
    wanted.insert(wanted.end(),
                  {"mask_token", "decoder_embed.weight", "decoder_embed.bias", "decoder_pos_embed",
                   "decoder_norm.weight", "decoder_norm.bias", "decoder_pred.weight", "decoder_pred.bias"});
    add_blocks(wanted, "decoder_blocks.", std::max(1, blocks_of(native, "decoder_blocks.")));
  }
  if (has_part(native, VitPart::predictor))
    add_blocks(wanted, "decoder_blocks_losspred.", blocks_of(native, "decoder_blocks_losspred."));
  std::erase_if(wanted, [&](const std::string& name) { return native.contains(name); });
  return wanted;
}

WeightMap from_native(WeightMap native, WeightLayout layout) {
  if (layout == WeightLayout::native || layout == WeightLayout::timm) return native;
  const bool mae = layout == WeightLayout::hf_vitmae;
  const bool classifier = native.contains("head.weight");
  WeightMap renamed;
  for (const auto& [name, array] : native) {
    for (const HfName& target : hf_names(name, mae, classifier))
      renamed.emplace(target.name, third_of(array, target.third, name));
  }
  return renamed;
}

}  // namespace scarp::nn

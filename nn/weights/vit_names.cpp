// SPDX-License-Identifier: Apache-2.0
#include "nn/weights/vit_names.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace scarp::nn {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

// native, Hugging Face. Names that end in '.' stand for .weight and .bias.
constexpr std::array kOutside = {
    Pair{"cls_token", "embeddings.cls_token"},
    Pair{"pos_embed", "embeddings.position_embeddings"},
    Pair{"patch_embed.proj.", "embeddings.patch_embeddings.projection."},
    Pair{"norm.", "layernorm."},
};
constexpr std::array kInBlock = {
    Pair{"norm1.", "layernorm_before."}, Pair{"attn.proj.", "attention.output.dense."},
    Pair{"norm2.", "layernorm_after."},  Pair{"mlp.fc1.", "intermediate.dense."},
    Pair{"mlp.fc2.", "output.dense."},
};
constexpr std::array<std::string_view, 3> kThirds = {"attention.attention.query.", "attention.attention.key.",
                                                     "attention.attention.value."};
constexpr std::array<std::string_view, 5> kDecoder = {"mask_token", "decoder_embed.", "decoder_pos_embed",
                                                      "decoder_norm.", "decoder_pred."};
constexpr std::array kMemorySpelling = {
    Pair{"attention.q_proj.", "attention.attention.query."},
    Pair{"attention.k_proj.", "attention.attention.key."},
    Pair{"attention.v_proj.", "attention.attention.value."},
    Pair{"attention.o_proj.", "attention.output.dense."},
    Pair{"mlp.fc1.", "intermediate.dense."},
    Pair{"mlp.fc2.", "output.dense."},
};

/// Whether `name` is `pattern`, or, where that ends in '.', one of its two tensors; `leaf` takes which.
bool matches(std::string_view name, std::string_view pattern, std::string_view& leaf) {
  if (!name.starts_with(pattern)) return false;
  leaf = name.substr(pattern.size());
  return pattern.ends_with('.') ? leaf == "weight" || leaf == "bias" : leaf.empty();
}

std::string text(std::string_view a, std::string_view b, std::string_view c = {}) {
  return std::string(a) + std::string(b) + std::string(c);
}

/// "blocks.12.norm1.weight" below "blocks.": "12." and "norm1.weight".
bool split_block(std::string_view name,
                 std::string_view stem,
                 std::string_view& number,
                 std::string_view& inner) {
  if (!name.starts_with(stem)) return false;
  name.remove_prefix(stem.size());
  const std::size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
  const bool counted = digits > 0 && digits <= 4 && digits < name.size() && name[digits] == '.' &&
                       (digits == 1 || name[0] != '0');
  if (!counted) return false;
  number = name.substr(0, digits + 1);
  inner = name.substr(digits + 1);
  return true;
}

bool is_block_tensor(std::string_view inner) {
  std::string_view leaf;
  return matches(inner, "attn.qkv.", leaf) ||
         std::any_of(kInBlock.begin(), kInBlock.end(),
                     [&](const Pair& pair) { return matches(inner, pair.first, leaf); });
}

bool is_of_blocks(std::string_view name, std::string_view stem) {
  std::string_view number, inner;
  return split_block(name, stem, number, inner) && is_block_tensor(inner);
}

template <typename List>
bool is_any(std::string_view name, const List& patterns) {
  std::string_view leaf;
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](std::string_view pattern) { return matches(name, pattern, leaf); });
}

bool is_projector(std::string_view name) {
  static constexpr std::array<std::string_view, 6> kLayers = {"fc.fc1.", "fc.bn1.", "fc.fc2.",
                                                              "fc.bn2.", "fc.fc3.", "prototypes"};
  static constexpr std::array<std::string_view, 3> kStatistics = {"running_mean", "running_var",
                                                                  "num_batches_tracked"};
  if (is_any(name, kLayers)) return true;
  const bool norm = name.starts_with("fc.bn1.") || name.starts_with("fc.bn2.");
  return norm && std::find(kStatistics.begin(), kStatistics.end(), name.substr(7)) != kStatistics.end();
}

void add_block_names(std::string_view block, std::string_view inner, std::vector<HfName>& names) {
  std::string_view leaf;
  for (const auto& [native, foreign] : kInBlock) {
    if (matches(inner, native, leaf)) names.push_back({text(block, foreign, leaf)});
  }
  if (!matches(inner, "attn.qkv.", leaf)) return;
  for (int third = 0; third < 3; ++third)
    names.push_back({text(block, kThirds[static_cast<std::size_t>(third)], leaf), third});
}

std::optional<NativeName> native_in_block(std::string_view block, std::string_view inner) {
  std::string_view leaf;
  for (const auto& [native, foreign] : kInBlock) {
    if (matches(inner, foreign, leaf)) return NativeName{text(block, native, leaf)};
  }
  for (int third = 0; third < 3; ++third) {
    if (matches(inner, kThirds[static_cast<std::size_t>(third)], leaf))
      return NativeName{text(block, "attn.qkv.", leaf), third};
  }
  return std::nullopt;
}

}  // namespace

std::optional<VitPart> part_of(const std::string& name) {
  using Patterns = std::vector<std::string_view>;
  static const Patterns trunk = {"cls_token", "pos_embed", "patch_embed.proj."};
  static const Patterns predictor = {"decoder_norm_losspred.", "decoder_pred_losspred.", "vis_mask_token"};
  if (is_any(name, trunk) || is_of_blocks(name, "blocks.")) return VitPart::trunk;
  if (is_any(name, Patterns{"norm."})) return VitPart::norm;
  if (is_any(name, Patterns{"fc_norm.", "head."})) return VitPart::classifier;
  if (is_any(name, kDecoder) || is_of_blocks(name, "decoder_blocks.")) return VitPart::decoder;
  if (is_any(name, predictor) || is_of_blocks(name, "decoder_blocks_losspred.")) return VitPart::predictor;
  if (is_projector(name)) return VitPart::projector;
  return std::nullopt;
}

std::string hf_spelling_4(const std::string& name) {
  std::string_view number, inner;
  for (const auto& [stem, spelled] :
       {Pair{"vit.layers.", "vit.encoder.layer."}, Pair{"layers.", "encoder.layer."},
        Pair{"decoder.decoder_encoder.layer.", "decoder.decoder_layers."},
        Pair{"decoder.decoder_layers.", "decoder.decoder_layers."},
        Pair{"vit.encoder.layer.", "vit.encoder.layer."}, Pair{"encoder.layer.", "encoder.layer."}}) {
    if (!split_block(name, stem, number, inner)) continue;
    std::string_view leaf;
    for (const auto& [memory, file] : kMemorySpelling) {
      if (matches(inner, memory, leaf)) return text(spelled, number, text(file, leaf));
    }
    return text(spelled, number, inner);
  }
  return name;
}

std::vector<HfName> hf_names(const std::string& native, bool mae, bool below_vit) {
  const std::string_view trunk = mae || below_vit ? "vit." : "";
  std::vector<HfName> names;
  std::string_view leaf, number, inner;
  for (const auto& [ours, theirs] : kOutside) {
    if (matches(native, ours, leaf)) names.push_back({text(trunk, theirs, leaf)});
  }
  if (split_block(native, "blocks.", number, inner))
    add_block_names(text(trunk, "encoder.layer.", number), inner, names);
  if (!mae && below_vit && matches(native, "head.", leaf)) names.push_back({text("classifier.", leaf)});
  if (!mae) return names;
  if (is_any(native, kDecoder)) names.push_back({"decoder." + native});
  if (split_block(native, "decoder_blocks.", number, inner))
    add_block_names(text("decoder.decoder_layers.", number), inner, names);
  return names;
}

std::optional<NativeName> native_name(const std::string& hf_name) {
  std::string_view name = hf_name, leaf, number, inner;
  if (matches(name, "classifier.", leaf)) return NativeName{text("head.", leaf)};
  if (name.starts_with("decoder.")) {
    name.remove_prefix(8);
    if (is_any(name, kDecoder)) return NativeName{std::string(name)};
    if (!split_block(name, "decoder_layers.", number, inner)) return std::nullopt;
    return native_in_block(text("decoder_blocks.", number), inner);
  }
  if (name.starts_with("vit.")) name.remove_prefix(4);
  for (const auto& [ours, theirs] : kOutside) {
    if (matches(name, theirs, leaf)) return NativeName{text(ours, leaf)};
  }
  if (!split_block(name, "encoder.layer.", number, inner)) return std::nullopt;
  return native_in_block(text("blocks.", number), inner);
}

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string_view>
#include <utility>

#include <torch/torch.h>

#include "nn/error.h"
#include "nn/verification/paired_weights.h"

namespace scarp::nn {

namespace {

using Renaming = std::pair<std::string_view, std::string_view>;

constexpr std::array<Renaming, 9> kOuter = {{{"embeddings.cls_token", "cls_token"},
                                             {"embeddings.position_embeddings", "pos_embed"},
                                             {"embeddings.patch_embeddings.projection.", "patch_embed.proj."},
                                             {"layernorm.", "norm."},
                                             {"decoder.mask_token", "mask_token"},
                                             {"decoder.decoder_embed.", "decoder_embed."},
                                             {"decoder.decoder_pos_embed", "decoder_pos_embed"},
                                             {"decoder.decoder_norm.", "decoder_norm."},
                                             {"decoder.decoder_pred.", "decoder_pred."}}};
constexpr std::array<Renaming, 4> kLayers = {{{"encoder.layer.", "blocks."},
                                              {"layers.", "blocks."},
                                              {"decoder.decoder_layers.", "decoder_blocks."},
                                              {"decoder.decoder_encoder.layer.", "decoder_blocks."}}};
constexpr std::array<Renaming, 8> kInner = {{{"layernorm_before.", "norm1."},
                                             {"layernorm_after.", "norm2."},
                                             {"attention.output.dense.", "attn.proj."},
                                             {"attention.o_proj.", "attn.proj."},
                                             {"intermediate.dense.", "mlp.fc1."},
                                             {"output.dense.", "mlp.fc2."},
                                             {"mlp.fc1.", "mlp.fc1."},
                                             {"mlp.fc2.", "mlp.fc2."}}};
// parts of the fused layer, in its order
constexpr std::array<std::array<std::string_view, 2>, 3> kParts = {
    {{"attention.attention.query.", "attention.q_proj."},
     {"attention.attention.key.", "attention.k_proj."},
     {"attention.attention.value.", "attention.v_proj."}}};

template <std::size_t Size>
std::string renamed(std::string_view name, const std::array<Renaming, Size>& table) {
  for (const auto& [from, to] : table) {
    if (name.starts_with(from)) return std::string(to) + std::string(name.substr(from.size()));
  }
  return "";
}

// "blocks.3." and what is left of the name behind it; empty where it is of no layer
std::pair<std::string, std::string_view> layer_of(std::string_view name) {
  for (const auto& [from, to] : kLayers) {
    if (!name.starts_with(from)) continue;
    const auto rest = name.substr(from.size());
    const auto dot = rest.find('.');
    if (dot == std::string_view::npos) break;
    return {std::string(to) + std::string(rest.substr(0, dot + 1)), rest.substr(dot + 1)};
  }
  return {};
}

class NativeNames {
 public:
  void add(const std::string& given, const at::Tensor& tensor) {
    std::string_view name = given;
    if (name.starts_with("vit.")) name.remove_prefix(4);
    if (name == "embeddings.mask_token") return;  // of masked inputs, which these networks do not have
    const auto [layer, rest] = layer_of(name);
    if (layer.empty()) return put(given, renamed(name, kOuter), tensor);
    for (std::size_t part = 0; part < kParts.size(); ++part) {
      for (const auto spelling : kParts[part]) {
        if (!rest.starts_with(spelling)) continue;
        fused_[layer + "attn.qkv." + std::string(rest.substr(spelling.size()))][part] = tensor;
        return;
      }
    }
    const std::string inner = renamed(rest, kInner);
    put(given, inner.empty() ? inner : layer + inner, tensor);
  }

  NamedTensors take() {
    for (const auto& [name, parts] : fused_) {
      if (!parts[0].defined() || !parts[1].defined() || !parts[2].defined())
        throw Error(Fault::mismatch, name + ": query, key or value is missing");
      tensors_[name] = torch::cat({parts[0], parts[1], parts[2]});
    }
    return std::move(tensors_);
  }

 private:
  void put(const std::string& given, const std::string& name, const at::Tensor& tensor) {
    if (name.empty()) throw Error(Fault::mismatch, given + " has no native name");
    tensors_[name] = tensor;
  }

  NamedTensors tensors_;
  std::map<std::string, std::array<at::Tensor, 3>> fused_;
};

}  // namespace

NamedTensors native_weights(const GoldenCase& weights) {
  if (weights.has("cls_token")) return weights.tensors;
  NativeNames names;
  for (const auto& [name, tensor] : weights.tensors) names.add(name, tensor);
  return names.take();
}

}  // namespace scarp::nn

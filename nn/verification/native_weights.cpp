// SPDX-License-Identifier: Apache-2.0
#include <array>

#include <torch/torch.h>

#include "nn/error.h"
#include "nn/verification/paired_weights.h"
#include "nn/weights/vit_names.h"

namespace scarp::nn {
namespace {

// Of masked inputs, which these networks do not have.
constexpr const char* kInputMaskToken = "embeddings.mask_token";

at::Tensor joined(const std::string& name, const std::array<at::Tensor, 3>& thirds) {
  for (const at::Tensor& third : thirds) {
    if (!third.defined()) throw Error(Fault::mismatch, name + ": query, key or value is missing");
  }
  return torch::cat({thirds[0], thirds[1], thirds[2]});
}

}  // namespace

NamedTensors native_weights(const GoldenCase& weights) {
  if (weights.has("cls_token")) return weights.tensors;
  NamedTensors native;
  std::map<std::string, std::array<at::Tensor, 3>> fused;
  for (const auto& [given, tensor] : weights.tensors) {
    if (given.ends_with(kInputMaskToken)) continue;
    const auto name = native_name(hf_spelling_4(given));
    if (!name) throw Error(Fault::mismatch, given + " has no native name");
    if (name->third < 0) {
      native[name->name] = tensor;
    } else {
      fused[name->name][static_cast<std::size_t>(name->third)] = tensor;
    }
  }
  for (const auto& [name, thirds] : fused) native[name] = joined(name, thirds);
  return native;
}

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include <set>

#include <torch/torch.h>

#include "nn/error.h"
#include "nn/verification/golden_case.h"

namespace scarp::nn {

namespace {

std::string text_of(at::IntArrayRef sizes) {
  std::string text = "[";
  for (const auto size : sizes) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

void copy_weight(at::Tensor into, const NamedTensors& weights, const std::string& name) {
  const auto found = weights.find(name);
  if (found == weights.end()) throw Error(Fault::mismatch, "weights: " + name + " is missing");
  if (found->second.sizes() != into.sizes()) {
    throw Error(Fault::mismatch, "weights: " + name + " has shape " + text_of(found->second.sizes()) +
                                     ", expected " + text_of(into.sizes()));
  }
  into.copy_(found->second);
}

void require_equal(const GoldenCase& golden, const char* key, std::int64_t value) {
  if (golden.config.contains(key) && golden.whole(key) != value) {
    throw Error(Fault::mismatch, golden.path + ": config says " + key + " " +
                                     std::to_string(golden.whole(key)) + ", the weights say " +
                                     std::to_string(value));
  }
}

}  // namespace

void load_exactly(torch::nn::Module& network, const NamedTensors& weights) {
  const torch::NoGradGuard no_grad;
  std::set<std::string> used;
  for (auto& item : network.named_parameters()) {
    copy_weight(item.value(), weights, item.key());
    used.insert(item.key());
  }
  for (auto& item : network.named_buffers()) {
    copy_weight(item.value(), weights, item.key());
    used.insert(item.key());
  }
  for (const auto& item : weights) {
    if (!used.contains(item.first)) throw Error(Fault::mismatch, "weights: " + item.first + " has no place");
  }
}

const at::Tensor& weight_of(const NamedTensors& weights, const std::string& name, std::int64_t dimensions) {
  const auto found = weights.find(name);
  if (found == weights.end()) throw Error(Fault::mismatch, "weights: " + name + " is missing");
  if (found->second.dim() != dimensions) {
    throw Error(Fault::mismatch, "weights: " + name + " has shape " + text_of(found->second.sizes()) +
                                     ", expected " + std::to_string(dimensions) + " dimensions");
  }
  return found->second;
}

std::int64_t layers_of(const NamedTensors& weights, const std::string& prefix) {
  std::int64_t layers = 0;
  while (weights.contains(prefix + std::to_string(layers) + ".norm1.weight")) ++layers;
  if (layers == 0) throw Error(Fault::mismatch, "weights: there is no " + prefix + "0.norm1.weight");
  return layers;
}

PatchGrid grid_of_images(const at::Tensor& images, std::int64_t patch) {
  if (images.dim() < 4 || patch < 1 || images.size(-2) % patch != 0 || images.size(-1) % patch != 0) {
    throw Error(Fault::mismatch, "images " + text_of(images.sizes()) + " are not made of patches of " +
                                     std::to_string(patch) + " pixels");
  }
  return {images.size(-2) / patch, images.size(-1) / patch};
}

VisionTransformerOptions trunk_options(const NamedTensors& weights,
                                       const GoldenCase& golden,
                                       PatchGrid grid) {
  const auto& projection = weight_of(weights, "patch_embed.proj.weight", 4);
  VisionTransformerOptions options;
  options.width = projection.size(0);
  options.channels = projection.size(1);
  options.patch = projection.size(2);
  options.grid = grid;
  options.depth = layers_of(weights, "blocks.");
  options.heads = golden.whole("heads");
  options.mlp_width = weight_of(weights, "blocks.0.mlp.fc1.weight", 2).size(0);
  options.epsilon = golden.number("ln_eps", golden.number("layer_norm_eps", 1e-6));
  require_equal(golden, "D", options.width);
  require_equal(golden, "C", options.channels);
  require_equal(golden, "p", options.patch);
  require_equal(golden, "depth", options.depth);
  options.check();
  return options;
}

void add_gradients(const torch::nn::Module& network, const std::string& prefix, Answers& answers) {
  for (const auto& item : network.named_parameters()) {
    if (!item.value().requires_grad()) continue;
    const auto& gradient = item.value().grad();
    answers[prefix + "/" + item.key()] = {
        gradient.defined() ? gradient.clone() : torch::zeros_like(item.value()), Measure::gradient};
  }
}

at::Tensor entries_with_gradient(const std::string& name, const at::Tensor& value) {
  auto entries = torch::ones(value.sizes(), torch::kBool);
  if (name.ends_with("attn.qkv.bias")) entries.narrow(0, value.size(0) / 3, value.size(0) / 3).fill_(false);
  return entries;
}

void mark_zero(Answers& answers, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const auto found = answers.find(name);
    if (found != answers.end()) found->second.zero_by_symmetry = true;
  }
}

}  // namespace scarp::nn

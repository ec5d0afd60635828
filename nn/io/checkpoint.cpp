// SPDX-License-Identifier: Apache-2.0
#include "nn/io/checkpoint.h"

#include <map>
#include <optional>
#include <set>

#include <torch/torch.h>

#include "nn/error.h"

namespace scarp::nn {
namespace {

std::map<std::string, at::Tensor> state_of(const torch::nn::Module& module) {
  std::map<std::string, at::Tensor> state;
  for (const auto& item : module.named_parameters()) state[item.key()] = item.value();
  for (const auto& item : module.named_buffers()) state[item.key()] = item.value();
  return state;
}

using Shapes = std::map<std::string, std::vector<std::int64_t>>;

std::map<std::string, std::optional<BackboneShape>> branches_of(const ModelCard& card) {
  const bool optical = !card.optical.empty(), terrain = !card.terrain.empty();
  if (optical && terrain && card.network.fusion == Fusion::early)
    return {{"joint", card.network.joint_backbone}};
  std::map<std::string, std::optional<BackboneShape>> branches;
  if (optical) branches["optical"] = card.network.optical_backbone;
  if (terrain) branches["terrain"] = card.network.terrain_backbone;
  return branches;
}

// The largest weights of each branch: a card that says more than its file holds costs no memory.
Shapes telling_weights(const ModelCard& card) {
  Shapes shapes;
  for (const auto& [branch, backbone] : branches_of(card)) {
    const std::string prefix = kModelPrefix + branch;
    if (!backbone) {
      const std::int64_t planes = scaled_channels(512, card.network.width);
      shapes[prefix + ".layer4.1.conv2.weight"] = {planes, planes, 3, 3};  // in all three encoder shapes
      continue;
    }
    for (const auto& [name, shape] : backbone->telling_weights()) shapes[prefix + ".trunk." + name] = shape;
  }
  return shapes;
}

}  // namespace

void require_weights_of(const ModelCard& card, const SafetensorsFile& file) {
  for (const auto& [name, shape] : telling_weights(card)) {
    const auto found = file.header().tensors.find(name);
    if (found != file.header().tensors.end() && found->second.shape == shape) continue;
    throw Error(Fault::mismatch, file.path() + ": the weights " + name +
                                     " are missing or have another shape than the "
                                     "model's card says");
  }
}

DualBranchNetwork make_network(const ModelCard& card) {
  const auto planes = [](const std::vector<ChannelSpec>& channels) {
    return channels.empty() ? 0 : static_cast<std::int64_t>(channels.size()) + 1;  // and the validity plane
  };
  return DualBranchNetwork(card.network, planes(card.optical), planes(card.terrain),
                           static_cast<std::int64_t>(card.classes.size()));
}

void collect(const torch::nn::Module& module, const std::string& prefix, NamedTensors& tensors) {
  for (const auto& [name, tensor] : state_of(module)) tensors[prefix + name] = tensor;
}

void restore(torch::nn::Module& module,
             const std::string& prefix,
             const NamedTensors& tensors,
             const std::string& path) {
  const torch::NoGradGuard no_grad;
  std::set<std::string> used;
  for (auto& [name, tensor] : state_of(module)) {
    const auto found = tensors.find(prefix + name);
    if (found == tensors.end())
      throw Error(Fault::mismatch,
                  path + " holds no weights " + prefix + name + ": it belongs to another architecture");
    if (found->second.sizes() != tensor.sizes()) {
      throw Error(Fault::mismatch,
                  path + ": the weights " + prefix + name + " have another shape than the model's card says");
    }
    at::Tensor target = tensor;
    target.copy_(found->second);
    used.insert(prefix + name);
  }
  for (const auto& entry : tensors) {
    if (entry.first.rfind(prefix, 0) == 0 && used.count(entry.first) == 0) {
      throw Error(Fault::mismatch,
                  path + " holds weights " + entry.first + " that its architecture does not have");
    }
  }
}

void place(DualBranchNetwork& network, at::Device device) {
  network->to(device);
  for (auto& parameter : network->parameters()) {
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));
  }
}

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include "nn/training/parameter_groups.h"

#include <algorithm>
#include <map>
#include <string>

#include "nn/training/schedules.h"

namespace scarp::nn {
namespace {

std::size_t group_within(const at::Tensor& parameter) {
  return parameter.dim() <= 1 ? 1 : 0;
}

}  // namespace

std::vector<ParameterGroup> groups_of_layers(std::int64_t depth, double rate, double layer_decay) {
  std::vector<ParameterGroup> groups(static_cast<std::size_t>(2 * (depth + 2)));
  for (std::size_t g = 0; g < groups.size(); ++g) {
    groups[g].decayed = g % 2 == 0;
    groups[g].rate_scale = rate * layer_rate(layer_decay, static_cast<std::int64_t>(g / 2), depth);
  }
  return groups;
}

std::size_t group_of_layer(std::int64_t layer, const at::Tensor& parameter) {
  return static_cast<std::size_t>(2 * layer) + group_within(parameter);
}

std::vector<ParameterGroup> detector_groups(DualBranchNetworkImpl& network,
                                            const NamedParameters& others,
                                            const BackboneOptions& options) {
  std::vector<ParameterGroup> groups(2);
  groups[1].decayed = false;
  const auto pyramids = pyramids_of(network);
  std::map<std::string, std::vector<ParameterGroup>> layers;  // by what the names begin with
  for (const auto& [name, pyramid] : pyramids)
    layers[name + ".trunk."] = groups_of_layers(pyramid->backbone.depth, options.rate, options.layer_decay);
  for (const auto& item : network.named_parameters()) {
    const auto trunk = std::find_if(layers.begin(), layers.end(),
                                    [&](const auto& each) { return item.key().starts_with(each.first); });
    if (trunk == layers.end()) {
      groups[group_within(item.value())].parameters.emplace_back(item.key(), item.value());
    } else if (item.value().requires_grad()) {
      const auto depth = static_cast<std::int64_t>(trunk->second.size() / 2) - 2;
      const auto layer = layer_of_parameter(item.key().c_str() + trunk->first.size(), depth);
      trunk->second[group_of_layer(layer, item.value())].parameters.emplace_back(item.key(), item.value());
    }
  }
  for (const auto& parameter : others) groups[group_within(parameter.second)].parameters.push_back(parameter);
  for (auto& [prefix, more] : layers) groups.insert(groups.end(), more.begin(), more.end());
  return groups;
}

}  // namespace scarp::nn

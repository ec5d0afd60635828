// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/input_planes.h"

#include <torch/torch.h>

namespace scarp::nn {
namespace {

constexpr double kLargestInput = 10;  // in deviations: what lies further is an outlier

std::pair<at::Tensor, at::Tensor> statistics_of(const std::vector<ChannelSpec>& channels, at::Device device) {
  if (channels.empty()) return {};
  std::vector<double> mean, deviation;
  for (const ChannelSpec& channel : channels) {
    mean.push_back(channel.mean);
    deviation.push_back(channel.deviation);
  }
  const auto as_planes = [&](const std::vector<double>& values) {
    return torch::tensor(values, torch::kFloat64).to(torch::kFloat32).view({1, -1, 1, 1}).to(device);
  };
  return {as_planes(mean), as_planes(deviation)};
}

at::Tensor planes_of(const at::Tensor& values,
                     const at::Tensor& valid,
                     const at::Tensor& mean,
                     const at::Tensor& deviation) {
  if (!mean.defined()) return {};
  const auto normal = torch::clamp((values - mean) / deviation, -kLargestInput, kLargestInput);
  return torch::cat({torch::where(valid, normal, torch::zeros_like(normal)), valid.to(torch::kFloat32)}, 1);
}

}  // namespace

InputNormaliser::InputNormaliser(const ModelCard& card, at::Device device) {
  std::tie(optical_mean_, optical_deviation_) = statistics_of(card.optical, device);
  std::tie(terrain_mean_, terrain_deviation_) = statistics_of(card.terrain, device);
}

InputPlanes InputNormaliser::operator()(const at::Tensor& optical,
                                        const at::Tensor& terrain,
                                        const at::Tensor& valid,
                                        const at::Tensor& terrain_valid) const {
  return {planes_of(optical, valid, optical_mean_, optical_deviation_),
          planes_of(terrain, valid.logical_and(terrain_valid), terrain_mean_, terrain_deviation_)};
}

}  // namespace scarp::nn

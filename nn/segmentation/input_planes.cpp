// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/input_planes.h"

#include <algorithm>

#include <torch/torch.h>

#include "nn/segmentation/local_contrast.h"

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

// On the processor in one pass over the pixels: as tensor operations this would be six.
at::Tensor planes_on_processor(const at::Tensor& values,
                               const at::Tensor& valid,
                               const at::Tensor& mean,
                               const at::Tensor& deviation) {
  const auto from = values.contiguous(), mask = valid.expand({values.size(0), 1, -1, -1}).contiguous();
  const std::int64_t tiles = values.size(0), channels = values.size(1),
                     pixels = values.size(2) * values.size(3);
  auto planes = torch::empty({tiles, channels + 1, values.size(2), values.size(3)});
  constexpr auto kLargest = static_cast<float>(kLargestInput);
  for (std::int64_t tile = 0; tile < tiles; ++tile) {
    const bool* known = mask.const_data_ptr<bool>() + tile * pixels;
    float* out = planes.mutable_data_ptr<float>() + tile * (channels + 1) * pixels;
    for (std::int64_t c = 0; c < channels; ++c, out += pixels) {
      const float* in = from.const_data_ptr<float>() + (tile * channels + c) * pixels;
      const float middle = mean.const_data_ptr<float>()[c], unit = deviation.const_data_ptr<float>()[c];
      for (std::int64_t i = 0; i < pixels; ++i) {
        const float normal = std::min(std::max((in[i] - middle) / unit, -kLargest), kLargest);
        out[i] = known[i] ? normal : 0;
      }
    }
    for (std::int64_t i = 0; i < pixels; ++i) out[i] = known[i] ? 1.0F : 0.0F;
  }
  return planes;
}

at::Tensor planes_of(const at::Tensor& values,
                     const at::Tensor& valid,
                     const at::Tensor& mean,
                     const at::Tensor& deviation) {
  if (!mean.defined()) return {};
  if (values.is_cpu() && values.scalar_type() == torch::kFloat32)
    return planes_on_processor(values, valid, mean, deviation);
  const auto normal = torch::clamp((values - mean) / deviation, -kLargestInput, kLargestInput);
  return torch::cat({torch::where(valid, normal, torch::zeros_like(normal)), valid.to(torch::kFloat32)}, 1);
}

}  // namespace

InputNormaliser::InputNormaliser(const ModelCard& card, at::Device device)
    : optical_window_(card.optical_window_px) {
  std::tie(optical_mean_, optical_deviation_) = statistics_of(card.optical, device);
  std::tie(terrain_mean_, terrain_deviation_) = statistics_of(card.terrain, device);
}

at::Tensor InputNormaliser::optical_planes(const at::Tensor& optical, const at::Tensor& valid) const {
  auto planes = planes_of(optical, valid, optical_mean_, optical_deviation_);
  if (optical_window_ == 0 || !planes.defined()) return planes;
  auto channels = planes.narrow(1, 0, planes.size(1) - 1);
  channels.copy_(local_contrast(channels, valid, optical_window_));
  return planes;
}

InputPlanes InputNormaliser::operator()(const at::Tensor& optical,
                                        const at::Tensor& terrain,
                                        const at::Tensor& valid,
                                        const at::Tensor& terrain_valid) const {
  return {optical_planes(optical, valid),
          planes_of(terrain, valid.logical_and(terrain_valid), terrain_mean_, terrain_deviation_)};
}

}  // namespace scarp::nn

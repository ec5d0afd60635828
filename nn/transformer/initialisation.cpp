// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <torch/torch.h>

#include "nn/torch/vision_transformer.h"

namespace scarp::nn {

namespace {

constexpr double kTokenDeviation = 0.02;

// Glorot & Bengio, AISTATS 2010, equation 16, for a weight seen as a matrix [out, the rest].
void xavier_uniform(at::Tensor weight, const at::Generator& random) {
  const auto fan_out = static_cast<double>(weight.size(0));
  const auto fan_in = static_cast<double>(weight.numel()) / fan_out;
  const double bound = std::sqrt(6 / (fan_in + fan_out));
  weight.uniform_(-bound, bound, random);
}

void set_linear(torch::nn::LinearImpl& linear, Initialisation kind, const at::Generator& random) {
  if (kind == Initialisation::masked_autoencoder) xavier_uniform(linear.weight, random);
  // cut at +-2 in the original, a hundred deviations: a normal distribution
  if (kind == Initialisation::siamese) linear.weight.normal_(0, kTokenDeviation, random);
  if (linear.bias.defined()) linear.bias.zero_();
}

void set_convolution(torch::nn::Conv2dImpl& convolution, Initialisation kind, const at::Generator& random) {
  const auto fan_in = static_cast<double>(convolution.weight.numel() / convolution.weight.size(0));
  if (kind == Initialisation::masked_autoencoder) xavier_uniform(convolution.weight, random);
  if (kind == Initialisation::siamese) convolution.weight.normal_(0, std::sqrt(2 / fan_in), random);
  convolution.bias.uniform_(-1 / std::sqrt(fan_in), 1 / std::sqrt(fan_in), random);
}

}  // namespace

void initialise(torch::nn::Module& network, Initialisation kind, const at::Generator& random) {
  const torch::NoGradGuard no_grad;
  for (const auto& module : network.modules()) {
    if (auto* linear = module->as<torch::nn::Linear>()) set_linear(*linear, kind, random);
    if (auto* convolution = module->as<torch::nn::Conv2d>()) set_convolution(*convolution, kind, random);
    if (auto* norm = module->as<torch::nn::LayerNorm>()) norm->reset_parameters();
    if (auto* norm = module->as<torch::nn::BatchNorm1d>()) norm->reset_parameters();
  }
  for (auto& item : network.named_parameters()) {
    const bool token = item.key().ends_with("_token") || item.key().ends_with("pos_embed");
    if (token && item.value().requires_grad()) item.value().normal_(0, kTokenDeviation, random);
  }
}

}  // namespace scarp::nn

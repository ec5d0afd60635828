// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/masked_siamese.h"

#include <cmath>
#include <stdexcept>
#include <string>

#include <torch/torch.h>

namespace scarp::nn {

namespace {

constexpr double kShortest = 1e-12;  // vectors below it have no direction

}  // namespace

void SiameseOptions::check() const {
  encoder.check();
  const auto at_least_one = [](const char* field, std::int64_t value) {
    if (value < 1)
      throw std::invalid_argument(std::string("masked siamese network: ") + field +
                                  " must be at least 1, is " + std::to_string(value));
  };
  at_least_one("hidden", hidden);
  at_least_one("outputs", outputs);
  if (encoder.pooling != Pooling::token)
    throw std::invalid_argument("masked siamese network: the encoder must pool its class token");
}

ProjectionHeadImpl::ProjectionHeadImpl(std::int64_t width, std::int64_t hidden, std::int64_t outputs) {
  fc1_ = register_module("fc1", torch::nn::Linear(width, hidden));
  bn1_ = register_module("bn1", torch::nn::BatchNorm1d(hidden));
  fc2_ = register_module("fc2", torch::nn::Linear(hidden, hidden));
  bn2_ = register_module("bn2", torch::nn::BatchNorm1d(hidden));
  fc3_ = register_module("fc3", torch::nn::Linear(hidden, outputs));
}

torch::Tensor ProjectionHeadImpl::forward(const torch::Tensor& x) {
  const auto first = torch::gelu(bn1_(fc1_(x)));
  return fc3_(torch::gelu(bn2_(fc2_(first))));
}

SiameseEncoderImpl::SiameseEncoderImpl(const SiameseOptions& given)
    : VisionTransformerImpl((given.check(), given.encoder)), siamese(given) {
  fc_ = register_module("fc", ProjectionHead(options.width, siamese.hidden, siamese.outputs));
}

torch::Tensor SiameseEncoderImpl::class_token(const torch::Tensor& images, const torch::Tensor& kept) {
  return last_norm(run_blocks_for_class(embed(images, kept)));
}

torch::Tensor SiameseEncoderImpl::low_shot_feature(const torch::Tensor& images) {
  return run_blocks_for_class(embed(images));
}

torch::Tensor SiameseEncoderImpl::anchors(const SiameseViews& views) {
  auto projected = project(class_token(torch::cat(views.random), views.kept));
  if (views.focal.empty()) return projected;
  return torch::cat({projected, project(class_token(torch::cat(views.focal)))});
}

void SiameseEncoderImpl::clear_rounding_gradients() {
  auto parameters = named_parameters();
  for (const char* name : {"norm.bias", "fc.fc1.bias", "fc.fc2.bias"})
    parameters[name].mutable_grad().reset();
}

torch::Tensor sinkhorn(const torch::Tensor& logarithms, std::int64_t rounds) {
  const double rows = std::log(static_cast<double>(logarithms.size(0)));
  const double prototypes = std::log(static_cast<double>(logarithms.size(1)));
  auto q = logarithms.to(torch::kFloat64);
  for (std::int64_t round = 0; round < rounds; ++round) {
    q = q - q.logsumexp(0, /*keepdim=*/true) - prototypes;
    q = q - q.logsumexp(1, /*keepdim=*/true) - rows;
  }
  return (q + rows).exp().to(logarithms.scalar_type());
}

SiameseLoss siamese_loss(const torch::Tensor& anchors,
                         const torch::Tensor& targets,
                         const torch::Tensor& prototypes,
                         const SiameseLossOptions& options) {
  TORCH_CHECK(anchors.dim() == 2 && targets.dim() == 2 && prototypes.dim() == 2 && targets.size(0) > 0 &&
                  anchors.size(0) % targets.size(0) == 0,
              "siamese loss: expected anchors [views * N, d], targets [N, d], prototypes [K, d], got ",
              anchors.sizes(), ", ", targets.sizes(), ", ", prototypes.sizes());
  const auto unit = [](const at::Tensor& x) {
    const auto wide = x.scalar_type() == torch::kFloat64 ? x : x.to(torch::kFloat32);
    return wide / wide.norm(2, 1, /*keepdim=*/true).clamp_min(kShortest);
  };
  const auto directions = unit(prototypes);
  SiameseLoss loss;
  {
    const torch::NoGradGuard no_grad;
    const auto likeness = torch::matmul(unit(targets), directions.t());
    const auto sharp = likeness / (options.temperature * options.sharpening);
    loss.targets = options.sinkhorn_rounds > 0 ? sinkhorn(sharp.log_softmax(1), options.sinkhorn_rounds)
                                               : sharp.softmax(1);
  }
  const auto logits = torch::matmul(unit(anchors), directions.t()) / options.temperature;
  const auto logarithms = logits.log_softmax(1);
  const auto chances = logarithms.exp();
  const auto mean = chances.mean(0);
  const auto wanted = loss.targets.repeat({anchors.size(0) / targets.size(0), 1});
  loss.cross_entropy = -(wanted * logarithms).sum(1).mean();
  loss.me_max = torch::xlogy(mean, mean).sum() + std::log(static_cast<double>(prototypes.size(0)));
  loss.entropy = -(chances * logarithms).sum(1).mean();
  loss.total =
      loss.cross_entropy + options.me_max_weight * loss.me_max + options.entropy_weight * loss.entropy;
  return loss;
}

}  // namespace scarp::nn

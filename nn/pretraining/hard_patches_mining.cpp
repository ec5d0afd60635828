// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/hard_patches_mining.h"

#include <cmath>

#include <torch/torch.h>

namespace scarp::nn {

namespace {

constexpr double kLogFloor = 1e-6;
constexpr double kVarianceFloorOfScores = 1e-6;

// [N, K] -> [N, K, K]: entry (i, j) is value j less value i
at::Tensor differences(const at::Tensor& values) {
  return values.unsqueeze(1) - values.unsqueeze(2);
}

torch::Tensor direction_losses(const torch::Tensor& predicted, const torch::Tensor& targets) {
  const auto unit = [](const torch::Tensor& x) {
    const auto wide = x.scalar_type() == torch::kFloat64 ? x : x.to(torch::kFloat32);
    return wide / wide.norm(2, -1, /*keepdim=*/true).clamp_min(1e-12);
  };
  return (unit(predicted) - unit(targets.detach())).square().sum(-1);
}

// positive where the second patch of a pair is harder; 0 for ties and for patches that do not count
torch::Tensor order_of_pairs(const torch::Tensor& targets, const torch::Tensor& counted) {
  const auto order = differences(targets.detach());
  if (!counted.defined()) return order;
  return order.where(counted.unsqueeze(1) & counted.unsqueeze(2), 0);
}

}  // namespace

torch::Tensor relative_loss(const torch::Tensor& predicted,
                            const torch::Tensor& targets,
                            const torch::Tensor& counted) {
  const auto order = order_of_pairs(targets, counted);
  // a pair stands in both orders with equal terms: 1 - sigmoid(x) is sigmoid(-x), the term of the other
  // order. log(sigmoid(x) + floor) by logarithms: else both cancel in single precision where x is large, the
  // first in the value, 1 - sigmoid in the gradient
  const auto harder = (order > 0).to(predicted.scalar_type());
  const auto floor = torch::full({}, std::log(kLogFloor), predicted.options());
  const auto right = torch::logaddexp(torch::log_sigmoid(differences(predicted)), floor);
  return -(harder * right).sum() / harder.sum().clamp_min(1);
}

torch::Tensor absolute_loss(const torch::Tensor& predicted,
                            const torch::Tensor& targets,
                            const torch::Tensor& counted) {
  const auto exact = targets.detach().to(torch::kFloat64);  // rows may be nearly constant
  const auto weight = counted.defined() ? counted.to(torch::kFloat64) : torch::ones_like(exact);
  const auto count = weight.sum(1, /*keepdim=*/true);
  const auto mean = (exact * weight).sum(1, /*keepdim=*/true) / count.clamp_min(1);
  const auto variance =
      ((exact - mean).square() * weight).sum(1, /*keepdim=*/true) / (count - 1).clamp_min(1);
  const auto z = (exact - mean) / (variance + kVarianceFloorOfScores).sqrt();
  const auto each = (predicted - z.to(predicted.scalar_type())).square() * weight.to(predicted.scalar_type());
  return each.sum() / weight.sum().clamp_min(1).to(predicted.scalar_type());
}

torch::Tensor pair_accuracy(const torch::Tensor& predicted,
                            const torch::Tensor& targets,
                            const torch::Tensor& counted) {
  const auto wanted = order_of_pairs(targets, counted).sign();
  const auto found = differences(predicted.detach()).sign();
  const auto counts = wanted != 0;
  return ((wanted == found) & counts).sum().to(torch::kFloat64) / counts.sum().clamp_min(1);
}

double teacher_decay(double epoch) {
  return epoch < 100 ? 0.999 + epoch / 100 * 0.0009 : 0.9999;
}

HardPatchesMinerImpl::HardPatchesMinerImpl(const MaskedAutoencoderOptions& given)
    : MaskedAutoencoderImpl(given),
      losses_(*this, "_losspred", given, given.encoder.patch * given.encoder.patch * given.encoder.channels) {
}

torch::Tensor HardPatchesMinerImpl::expected_loss(const torch::Tensor& read) {
  const auto weight = losses_.pred->weight.mean(0, /*keepdim=*/true);
  const auto bias = losses_.pred->bias.mean().unsqueeze(0);
  const auto scores = torch::linear(read, weight, bias).squeeze(-1);
  return scores.scalar_type() == torch::kFloat64 ? scores : scores.to(torch::kFloat32);
}

MinedForward HardPatchesMinerImpl::predict(const torch::Tensor& images, const Masking& masking) {
  MinedForward result;
  const std::int64_t patches = masking.order.size(1);
  result.latent = encode(images, masking);
  const auto tokens = decoder_tokens(result.latent, masking, grid_of(images));
  result.patches = pixels_.pred(pixels_.read(tokens).narrow(1, 1, patches));
  result.predicted = expected_loss(losses_.read(tokens).narrow(1, 1, patches));
  return result;
}

MiningLosses HardPatchesMinerImpl::losses(const torch::Tensor& images,
                                          const Masking& masking,
                                          const torch::Tensor& targets) {
  const TokenRange hidden{1 + masking.kept, masking.order.size(1) - masking.kept};
  const auto tokens = decoder_tokens(encode(images, masking), masking, grid_of(images));
  const auto pixels = pixels_.pred(pixels_.read(tokens, hidden));
  MiningLosses result;
  result.patches = targets.defined() ? direction_losses(pixels, targets)
                                     : patch_losses(pixels, hidden_targets(images, masking));
  result.reconstruction = result.patches.mean();
  result.predicted = expected_loss(losses_.read(tokens, hidden));
  return result;
}

torch::Tensor HardPatchesMinerImpl::scores(const torch::Tensor& images) {
  const PatchGrid grid = grid_of(images);
  const auto all =
      torch::arange(grid.patches(), torch::TensorOptions().device(images.device()).dtype(torch::kLong));
  const Masking nothing_removed{all.expand({images.size(0), -1}), grid.patches()};
  return scores_of(forward_features(images), nothing_removed, grid);
}

torch::Tensor HardPatchesMinerImpl::scores_of(const torch::Tensor& latent,
                                              const Masking& masking,
                                              PatchGrid grid) {
  const auto read = losses_.read(decoder_tokens(latent, masking, grid));
  const auto in_order = expected_loss(read.narrow(1, 1, grid.patches()));
  return in_order.gather(1, masking.restore());
}

}  // namespace scarp::nn

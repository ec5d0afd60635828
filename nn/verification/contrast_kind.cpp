// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <torch/torch.h>

#include "nn/torch/contrast.h"
#include "nn/verification/mae_kind.h"

namespace scarp::nn {
namespace {

bool is_contrast(const GoldenCase& golden) {
  return golden.has("in/features") && golden.has("in/labels") && golden.has("in/anchors");
}

Answers compute_contrast(const GoldenCase& golden, at::ScalarType type) {
  const auto features = golden.get("in/features", type).clone().requires_grad_();
  const auto labels = golden.get("in/labels").to(torch::kInt64);
  ContrastSet queue;
  const bool from_queue = golden.has("in/queue");
  if (from_queue)
    queue = {golden.get("in/queue", type), golden.get("in/queue_labels").to(torch::kInt64),
             golden.get("in/queue_valid").to(torch::kBool)};
  const double temperature = golden.number("tau");
  const ContrastLoss found = contrast_loss(features, labels, golden.get("in/anchors").to(torch::kInt64),
                                           temperature, from_queue ? &queue : nullptr);
  found.loss.backward();
  const auto scaled = found.loss.detach() * (temperature / golden.number("tau_b", 0.07));
  Answers answers;
  // products of unit vectors, right to the last bit of 1, are divided by the temperature
  const double rounding = std::numeric_limits<float>::epsilon() / temperature;
  answers["out/loss"] = {found.loss.detach(), Measure::loss};
  answers["out/loss_times_tau_over_base"] = {scaled, Measure::loss};
  if (golden.has("out64/reference_loss")) answers["out/reference_loss"] = {scaled, Measure::loss};
  answers["out/per_anchor"] = {found.per_anchor.detach(), Measure::loss};
  answers["out/anchor_has_positive"] = {found.has_positive, Measure::exact};
  answers["grad/features"] = {features.grad(), Measure::gradient};
  for (auto& [name, answer] : answers) answer.rounding = rounding;
  return answers;
}

}  // namespace

GoldenKind contrast_kind() {
  return {"contrast", is_contrast, compute_contrast};
}

}  // namespace scarp::nn

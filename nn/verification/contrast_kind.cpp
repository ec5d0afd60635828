// SPDX-License-Identifier: Apache-2.0
#include <torch/torch.h>

#include "nn/torch/contrast.h"
#include "nn/verification/mae_kind.h"

namespace scarp::nn {

namespace {

bool is_contrast(const GoldenCase& golden) {
  return golden.has("in/features") && golden.has("in/anchors") && golden.has("in/labels");
}

Answers compute_contrast(const GoldenCase& golden, at::ScalarType type) {
  auto features = golden.get("in/features", type).clone().requires_grad_();
  const auto labels = golden.get("in/labels"), anchors = golden.get("in/anchors");
  ContrastSet queue;
  if (golden.has("in/queue"))
    queue = {golden.get("in/queue", type), golden.get("in/queue_labels"), golden.get("in/queue_valid")};
  const double temperature = golden.number("tau");
  const ContrastLoss found =
      contrast_loss(features, labels, anchors, temperature, queue.labels.defined() ? &queue : nullptr);
  found.loss.backward();
  const auto scaled = found.loss.detach() * (temperature / golden.number("tau_b"));
  Answers answers;
  answers["out/loss"] = {found.loss.detach(), Measure::loss};
  answers["out/loss_times_tau_over_base"] = {scaled, Measure::loss};
  answers["out/reference_loss"] = {scaled, Measure::loss};
  answers["out/per_anchor"] = {found.per_anchor.detach(), Measure::loss};
  answers["out/anchor_has_positive"] = {found.has_positive, Measure::exact};
  answers["grad/features"] = {features.grad(), Measure::gradient};
  return answers;
}

}  // namespace

GoldenKind contrast_kind() {
  return {"contrast", is_contrast, compute_contrast};
}

}  // namespace scarp::nn

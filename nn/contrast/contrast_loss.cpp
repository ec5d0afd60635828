// SPDX-License-Identifier: Apache-2.0
#include <torch/torch.h>

#include "nn/contrast/ring_contrast.h"
#include "nn/torch/contrast.h"

namespace scarp::nn {
namespace {

constexpr double kNever =
    -1e9;  // a similarity that exp makes 0; finite, so that its gradient is 0 and not NaN

/// Which of the contrast set each anchor is held against. [k, m] bool both
struct Pairs {
  at::Tensor positive;
  at::Tensor negative;
};

Pairs pairs_of(const at::Tensor& labels, const at::Tensor& anchors, const ContrastSet& set, bool own_batch) {
  const auto same = labels.index_select(0, anchors).unsqueeze(1) == set.labels.unsqueeze(0);
  auto taken = set.valid.unsqueeze(0).expand_as(same);
  if (own_batch) {
    const auto rows = torch::arange(set.labels.size(0), anchors.options());
    taken = taken.logical_and(anchors.unsqueeze(1) != rows.unsqueeze(0));
  }
  return {same.logical_and(taken), same.logical_not().logical_and(taken)};
}

void check(const at::Tensor& embeddings,
           const at::Tensor& labels,
           const at::Tensor& anchors,
           double temperature,
           const ContrastSet& set) {
  TORCH_CHECK(embeddings.dim() == 2 && labels.dim() == 1 && labels.size(0) == embeddings.size(0) &&
                  anchors.dim() == 1,
              "contrast_loss: expected embeddings [n, D], labels [n], anchors [k], got ", embeddings.sizes(),
              ", ", labels.sizes(), " and ", anchors.sizes());
  TORCH_CHECK(
      set.embeddings.dim() == 2 && set.embeddings.size(1) == embeddings.size(1) && set.labels.dim() == 1 &&
          set.labels.size(0) == set.embeddings.size(0) && set.valid.sizes() == set.labels.sizes(),
      "contrast_loss: expected a contrast set [m, ", embeddings.size(1), "], labels [m] and valid [m], got ",
      set.embeddings.sizes(), ", ", set.labels.sizes(), " and ", set.valid.sizes());
  TORCH_CHECK(temperature > 0, "contrast_loss: the temperature must be positive, is ", temperature);
}

}  // namespace

ContrastLoss contrast_loss(const at::Tensor& embeddings,
                           const at::Tensor& labels,
                           const at::Tensor& anchors,
                           double temperature,
                           const ContrastSet* others) {
  const ContrastSet set = others != nullptr ? *others : ContrastSet{embeddings, labels, labels >= 0};
  check(embeddings, labels, anchors, temperature, set);
  if (others != nullptr) {
    const ContrastLoss fast = ring_contrast_loss(embeddings, labels, anchors, temperature, set);
    if (fast.loss.defined()) return fast;
  }
  const Pairs pairs = pairs_of(labels, anchors, set, others == nullptr);
  const auto against = others == nullptr ? set.embeddings : set.embeddings.detach();
  const auto similarity =
      torch::matmul(embeddings.index_select(0, anchors), against.transpose(0, 1)) / temperature;  // [k, m]
  const auto of_negatives =
      torch::logsumexp(similarity.masked_fill(pairs.negative.logical_not(), kNever), 1, true);  // [k, 1]
  // log(exp(a) + exp(b)) - a = softplus(b - a), beyond the threshold of torch::softplus exactly linear
  const auto term = torch::logaddexp(of_negatives - similarity, torch::zeros({}, similarity.options()));
  const auto count = pairs.positive.sum(1);
  const auto per_anchor =
      torch::where(pairs.positive, term, torch::zeros({}, term.options())).sum(1) / count.clamp_min(1);
  const auto has_positive = count > 0;
  return {per_anchor.sum() / has_positive.sum().clamp_min(1), per_anchor, has_positive};
}

}  // namespace scarp::nn

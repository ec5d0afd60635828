// SPDX-License-Identifier: Apache-2.0
#include "nn/training/contrastive_term.h"

#include <algorithm>

#include <torch/torch.h>

#include "nn/io/checkpoint.h"
#include "nn/torch/contrast.h"
#include "nn/training/parameter_average.h"

namespace scarp::nn {
namespace {

constexpr const char* kHead = "contrast.head.";
constexpr const char* kMomentumHead = "contrast.momentum_head.";
constexpr std::uint64_t kHeadStream = 0x9e3779b97f4a7c15ULL;  // not the network's weights again

EmbeddingHead first_head(std::int64_t channels, int width, std::uint64_t seed, at::Device device) {
  EmbeddingHead head(channels, width);
  initialise(*head, seed ^ kHeadStream);
  head->to(device);
  return head;
}

}  // namespace

ContrastiveTerm::ContrastiveTerm(const ContrastOptions& options,
                                 const DualBranchNetwork& network,
                                 std::uint64_t seed,
                                 std::int64_t steps,
                                 at::Device device)
    : options_(options),
      level_(static_cast<std::size_t>(options.level(network->options.input_stride))),
      ramp_steps_(std::max(1.0, options.ramp * static_cast<double>(steps))),
      head_(first_head(network->feature_channels().at(level_), options.width, seed, device)),
      momentum_head_(first_head(network->feature_channels().at(level_), options.width, seed, device)),
      queues_(kPairCategories, options.queue, options.width, device) {
  momentum_head_->eval();
}

NamedParameters ContrastiveTerm::parameters() const {
  NamedParameters parameters;
  for (const auto& item : head_->named_parameters())
    parameters.emplace_back(kHead + item.key(), item.value());
  return parameters;
}

at::Tensor ContrastiveTerm::embeddings(EmbeddingHead& head,
                                       const at::Tensor& features,
                                       const PairRows& rows) {
  return head->forward(features.to(torch::kFloat32), rows.cells);  // [B * rows, width]
}

at::Tensor ContrastiveTerm::loss(const at::Tensor& features, const PairRows& rows, std::int64_t step) {
  const auto embedded = embeddings(head_, features, rows);
  const auto labels = rows.labels.flatten();
  const auto row = torch::arange(labels.size(0), labels.options()).view_as(rows.labels);
  const auto anchors = row.slice(1, 0, options_.draws).flatten();  // the landslide rows of each sample
  last_ = embedded.detach();
  at::Tensor term;
  if (options_.keys == ContrastKeys::batch) {
    term = contrast_loss(embedded, labels, anchors, options_.temperature).loss;
  } else {
    const ContrastSet queued = queues_.filled(options_.warmup);
    term = contrast_loss(embedded, labels, anchors, options_.temperature, &queued).loss;
  }
  return options_.weight * std::min(1.0, static_cast<double>(step) / ramp_steps_) * term;
}

void ContrastiveTerm::follow(DualBranchNetwork& average,
                             const DualBranchNetwork& leader,
                             double decay,
                             const InputPlanes& planes,
                             const PairRows& rows) {
  if (options_.keys == ContrastKeys::batch) return;
  const torch::NoGradGuard no_grad;
  auto keys = last_;
  if (options_.keys == ContrastKeys::momentum) {
    copy_buffers(*average, *leader);
    average_parameters(*momentum_head_, *head_, decay);
    copy_buffers(*momentum_head_, *head_);
    keys = embeddings(momentum_head_, average->features_at(planes.optical, planes.terrain, level_), rows);
  }
  queues_.enqueue(keys, rows.labels.flatten());
}

void ContrastiveTerm::save(NamedTensors& tensors) const {
  collect(*head_, kHead, tensors);
  collect(*momentum_head_, kMomentumHead, tensors);
  queues_.save(tensors);
}

void ContrastiveTerm::load(const NamedTensors& tensors, const std::string& what) {
  restore(*head_, kHead, tensors, what);
  restore(*momentum_head_, kMomentumHead, tensors, what);
  queues_.load(tensors, what);
}

}  // namespace scarp::nn

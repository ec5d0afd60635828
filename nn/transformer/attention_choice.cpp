// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <limits>

#include <torch/torch.h>

#include "nn/torch/transformer_block.h"

namespace scarp::nn {

namespace {

constexpr int kProbeRounds = 4;  // the first of each path warms up

double seconds_of_attention(SelfAttention& attention, const at::Tensor& x, bool training) {
  const auto start = std::chrono::steady_clock::now();
  const auto sum = attention(x).sum();
  if (training) sum.backward();
  sum.item<float>();  // a GPU is waited for
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

AttentionPath faster_attention(const std::function<double(AttentionPath)>& seconds_of_round) {
  double plain = std::numeric_limits<double>::infinity(), fused = plain;
  for (int round = 0; round < kProbeRounds; ++round) {
    const double first = seconds_of_round(AttentionPath::explicit_formula);
    const double second = seconds_of_round(AttentionPath::fused);
    if (round == 0) continue;
    plain = std::min(plain, first);
    fused = std::min(fused, second);
  }
  return plain <= fused ? AttentionPath::explicit_formula : AttentionPath::fused;
}

AttentionPath choose_attention(const AttentionProbe& probe) {
  TransformerBlockOptions options;
  options.heads = probe.heads;
  options.width = probe.heads * probe.head_width;
  SelfAttention attention(options);
  attention->to(probe.device, probe.type);
  const at::AutoGradMode gradients(probe.training);
  auto x = torch::ones({probe.batch, probe.tokens, options.width},
                       torch::TensorOptions().device(probe.device).dtype(probe.type));
  x.set_requires_grad(probe.training);
  return faster_attention([&](AttentionPath path) {
    attention->path = path;
    return seconds_of_attention(attention, x, probe.training);
  });
}

}  // namespace scarp::nn

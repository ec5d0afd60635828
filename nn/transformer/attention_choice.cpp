// SPDX-License-Identifier: Apache-2.0
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
  double fastest[2] = {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
  for (int round = 0; round < kProbeRounds; ++round) {
    for (const auto path : {AttentionPath::explicit_formula, AttentionPath::fused}) {
      attention->path = path;
      const double seconds = seconds_of_attention(attention, x, probe.training);
      auto& best = fastest[static_cast<int>(path)];
      if (round > 0) best = std::min(best, seconds);
    }
  }
  return fastest[0] <= fastest[1] ? AttentionPath::explicit_formula : AttentionPath::fused;
}

}  // namespace scarp::nn

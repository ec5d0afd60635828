// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <limits>

#include <torch/torch.h>

#include "nn/torch/transformer_block.h"

namespace scarp::nn {

namespace {

constexpr int kProbeRounds = 6;  // the first of each path warms up

/// Queries, keys and values as one linear layer makes them: views of one tensor.
at::Tensor joint_values(const AttentionProbe& probe, const at::TensorOptions& options) {
  auto values = torch::ones({probe.batch, probe.tokens, 3, probe.heads, probe.head_width}, options);
  return values.set_requires_grad(probe.training);
}

double seconds_of_attention(const at::Tensor& values, AttentionPath path) {
  const at::AutoGradMode gradients(values.requires_grad());
  const auto start = std::chrono::steady_clock::now();
  const auto parts = values.permute({2, 0, 3, 1, 4}).unbind(0);
  const auto sum = attention(parts[0], parts[1], parts[2], path).sum();
  if (values.requires_grad()) sum.backward();
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

AttentionPath choose_attention(const std::vector<AttentionProbe>& probes,
                               at::Device device,
                               at::ScalarType type) {
  std::vector<at::Tensor> values;
  for (const AttentionProbe& probe : probes)
    values.push_back(joint_values(probe, torch::TensorOptions().device(device).dtype(type)));
  return faster_attention([&](AttentionPath path) {
    double seconds = 0;
    for (std::size_t i = 0; i < probes.size(); ++i)
      seconds += static_cast<double>(probes[i].layers) * seconds_of_attention(values[i], path);
    return seconds;
  });
}

}  // namespace scarp::nn

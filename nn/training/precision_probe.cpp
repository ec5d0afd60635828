// SPDX-License-Identifier: Apache-2.0
#include "nn/training/precision_probe.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include <torch/torch.h>

#include "nn/io/checkpoint.h"
#include "nn/training/autocast.h"

namespace scarp::nn {
namespace {

constexpr int kRounds = 3;  // the first of each makes the kernels
constexpr double kWorthIt = 0.9;

at::Tensor planes_of(std::size_t channels, int batch, int side, at::Device device) {
  if (channels == 0) return {};
  return torch::zeros({batch, static_cast<std::int64_t>(channels) + 1, side, side})
      .to(device)
      .contiguous(at::MemoryFormat::ChannelsLast);
}

double seconds_of_step(DualBranchNetwork& network,
                       const at::Tensor& optical,
                       const at::Tensor& terrain,
                       Precision precision,
                       at::Device device) {
  const auto begin = std::chrono::steady_clock::now();
  at::Tensor loss;
  {
    const Autocast autocast(device.type(), precision);
    loss = network->forward(optical, terrain).to(torch::kFloat32).mean();
  }
  loss.backward();
  network->zero_grad();
  static_cast<void>(loss.item<double>());  // waits for a GPU
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

Precision faster_precision(const std::function<double(Precision)>& seconds_of_step) {
  double fp32 = std::numeric_limits<double>::max(), bf16 = fp32;
  for (int round = 0; round < kRounds; ++round) {
    fp32 = std::min(fp32, seconds_of_step(Precision::fp32));
    bf16 = std::min(bf16, seconds_of_step(Precision::bf16));
  }
  return bf16 < kWorthIt * fp32 ? Precision::bf16 : Precision::fp32;
}

Precision faster_precision(const ModelCard& card, int side, int batch, at::Device device) {
  ModelCard quiet = card;
  quiet.network.dropout = 0;  // nothing is drawn: the training's own random numbers stay as they are
  DualBranchNetwork network = make_network(quiet);
  initialise(*network, 1);
  place(network, device);
  network->train();
  const at::Tensor optical = planes_of(card.optical.size(), batch, side, device);
  const at::Tensor terrain = planes_of(card.terrain.size(), batch, side, device);
  return faster_precision(
      [&](Precision precision) { return seconds_of_step(network, optical, terrain, precision, device); });
}

}  // namespace scarp::nn

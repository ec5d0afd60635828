// SPDX-License-Identifier: Apache-2.0
// What hyper-pixel contrast adds to a training step, on windows that are already there:
//   contrast_bench WIDTH INPUT_STRIDE SIDE BATCH THREADS fp32|bf16 ROUNDS
// Steps with and without it, and its parts alone, are made in turn. Prints one JSON object of milliseconds of
// processor time, medians over the rounds:
//   plain, contrast  a whole step without and with all parts
//   drawing          kinds of cells and draws of a batch: in the thread that loads, beside the steps
//   term             head, logits and loss over the rings, forward and backward
//   enqueue          keys into the rings
//   key_pass         features of the momentum encoder, its head, enqueue
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <torch/torch.h>

#include "nn/io/checkpoint.h"
#include "nn/torch/losses.h"
#include "nn/training/adamw.h"
#include "nn/training/autocast.h"
#include "nn/training/contrastive_term.h"
#include "nn/training/moving_average.h"

namespace {

using namespace scarp::nn;

struct Sizes {
  double width;
  int input_stride, side, batch, threads;
  Precision precision;
  int rounds;

  explicit Sizes(char** arguments)
      : width(std::atof(arguments[1])),
        input_stride(std::atoi(arguments[2])),
        side(std::atoi(arguments[3])),
        batch(std::atoi(arguments[4])),
        threads(std::atoi(arguments[5])),
        precision(std::string(arguments[6]) == "bf16" ? Precision::bf16 : Precision::fp32),
        rounds(std::atoi(arguments[7])) {}
};

ModelCard card_of(const Sizes& sizes) {
  ModelCard card;
  card.network.width = sizes.width;
  card.network.input_stride = sizes.input_stride;
  card.network.fusion_strides = {};
  for (const char* band : {"red", "green", "blue"}) card.optical.push_back({band, "1", 0, 1});
  for (const char* name : {"elevation", "slope", "gradient_east", "gradient_north"})
    card.terrain.push_back({name, "1", 0, 1});
  card.classes = {{0, "background"}, {1, "landslide"}};
  return card;
}

ContrastOptions contrast_of(ContrastKeys keys) {
  ContrastOptions options;
  options.weight = 0.1;
  options.keys = keys;
  return options;
}

/// Four landslides a window, on a slope.
struct Windows {
  at::Tensor labels, terrain, valid;  ///< [B, S, S] uint8, [B, 4, S, S], [1, 1, S, S] uint8
  explicit Windows(const Sizes& sizes) {
    const auto along = torch::arange(sizes.side, torch::kFloat32);
    const auto from = [&](const at::Tensor& at, double centre) {
      return (at - centre * sizes.side).square();
    };
    auto ground = torch::zeros({sizes.side, sizes.side}, torch::kBool);
    for (const double row : {0.3, 0.7}) {
      for (const double col : {0.25, 0.7}) {
        const auto radius = std::pow((0.1 + 0.05 * row) * sizes.side, 2);
        ground.logical_or_(from(along, row).unsqueeze(1) + from(along, col).unsqueeze(0) < radius);
      }
    }
    labels = ground.to(torch::kUInt8).repeat({sizes.batch, 1, 1});
    terrain = torch::randn({sizes.batch, 4, sizes.side, sizes.side}) * 0.1 + 0.3;
    valid = torch::ones({1, 1, sizes.side, sizes.side}, torch::kUInt8);
  }
};

/// A training of one batch, again and again.
class Training {
 public:
  Training(const Sizes& sizes, const InputPlanes& planes, const Windows& windows, bool contrast)
      : card_(card_of(sizes)),
        precision_(sizes.precision),
        planes_(planes),
        labels_(windows.labels.to(torch::kInt64)),
        network_(first()),
        average_(first(), 0.99),
        drawer_(card_, contrast_of(ContrastKeys::momentum), sizes.side),
        windows_(windows) {
    average_.network()->eval();
    NamedParameters parameters;
    for (const auto& item : network_->named_parameters()) parameters.emplace_back(item.key(), item.value());
    for (const ContrastKeys keys : {ContrastKeys::momentum, ContrastKeys::queue})
      terms_.emplace(keys, std::make_unique<ContrastiveTerm>(contrast_of(keys), network_, 1, 100, at::kCPU));
    if (contrast) {
      for (auto& entry : terms_.at(ContrastKeys::momentum)->parameters()) parameters.push_back(entry);
    }
    contrast_ = contrast;
    optimiser_ = std::make_unique<AdamW>(parameters, AdamW::Options{0.9, 0.999, 1e-8, 0.01});
    draw();
  }

  void step() {
    std::vector<at::Tensor> features;
    at::Tensor logits;
    {
      const Autocast autocast(at::kCPU, precision_);
      features = network_->features(planes_.optical, planes_.terrain);
      logits = network_->logits(features);
    }
    auto loss = segmentation_loss(logits.to(torch::kFloat32), labels_, {});
    auto& term = *terms_.at(ContrastKeys::momentum);
    if (contrast_) loss = loss + term.loss(features.at(term.level()), rows_, 100);
    optimiser_->zero_gradients();
    loss.backward();
    optimiser_->clip_gradients(1);
    optimiser_->step(1e-4);
    average_.update(network_, 100);
    if (contrast_) key_pass();
    seen_ = features.at(term.level()).detach().requires_grad_();
  }
  void draw() {
    for (std::int64_t i = 0; i < windows_.labels.size(0); ++i)
      drawer_.add(windows_.labels[i], windows_.terrain.slice(0, i, i + 1), windows_.valid, random_);
    rows_ = drawer_.take();
  }
  void term() { terms_.at(ContrastKeys::momentum)->loss(seen_, rows_, 100).backward(); }
  void queue_term() { terms_.at(ContrastKeys::queue)->loss(seen_, rows_, 100); }
  void enqueue() { follow(ContrastKeys::queue); }
  void key_pass() { follow(ContrastKeys::momentum); }

 private:
  DualBranchNetwork first() const {
    DualBranchNetwork network(card_.network, static_cast<std::int64_t>(card_.optical.size()) + 1,
                              static_cast<std::int64_t>(card_.terrain.size()) + 1, 2);
    initialise(*network, 1);
    place(network, at::kCPU);
    return network;
  }
  void follow(ContrastKeys keys) {
    const Autocast autocast(at::kCPU, precision_);
    terms_.at(keys)->follow(average_.network(), network_, 0.99, planes_, rows_);
  }

  ModelCard card_;
  Precision precision_;
  const InputPlanes& planes_;
  at::Tensor labels_;
  DualBranchNetwork network_;
  MovingAverage average_;
  PairDrawer drawer_;
  const Windows& windows_;
  std::map<ContrastKeys, std::unique_ptr<ContrastiveTerm>> terms_;
  bool contrast_ = false;
  std::unique_ptr<AdamW> optimiser_;
  PairRows rows_;
  at::Tensor seen_;
  std::mt19937_64 random_{1};
};

template <typename Work>
double milliseconds(Work&& work) {
  const auto clock = std::clock();
  work();
  return 1e3 * static_cast<double>(std::clock() - clock) / CLOCKS_PER_SEC;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 8) {
    std::fprintf(stderr, "see the head of contrast_bench.cpp for the seven arguments\n");
    return 2;
  }
  const Sizes sizes(arguments);
  at::set_num_threads(sizes.threads);
  torch::manual_seed(1);
  const Windows windows(sizes);
  const auto planes = [&](std::int64_t channels) {
    return torch::randn({sizes.batch, channels, sizes.side, sizes.side})
        .contiguous(at::MemoryFormat::ChannelsLast);
  };
  const InputPlanes inputs{planes(4), planes(5)};
  Training plain(sizes, inputs, windows, false), contrast(sizes, inputs, windows, true);
  std::map<std::string, std::vector<double>> times;
  for (int round = -2; round < sizes.rounds; ++round) {  // the first two make the kernels and fill the rings
    std::map<std::string, double> now;
    now["plain"] = milliseconds([&] { plain.step(); });
    now["contrast"] = milliseconds([&] { contrast.step(); });
    now["drawing"] = milliseconds([&] { contrast.draw(); });
    now["term"] = milliseconds([&] { contrast.term(); });
    contrast.queue_term();
    now["enqueue"] = milliseconds([&] { contrast.enqueue(); });
    now["key_pass"] = milliseconds([&] { contrast.key_pass(); });
    if (round < 0) continue;
    for (const auto& [name, value] : now) times[name].push_back(value);
  }
  std::string line;
  for (const auto& [name, values] : times)
    line += (line.empty() ? "" : ", ") + ("\"" + name + "\": " + std::to_string(median(values)));
  std::printf("{%s}\n", line.c_str());
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
#include "nn/contrast/ring_contrast.h"

#include <algorithm>
#include <array>
#include <barrier>
#include <cmath>
#include <memory>
#include <thread>
#include <vector>

#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "nn/contrast/ring_row.h"
#include "nn/cuda/load_plugin.h"
#include "nn/torch/contrast.h"

namespace scarp::nn {
namespace {

/// A group of lanes as a GPU has them, each a thread: they meet where a warp shuffles.
class ThreadLanes {
 public:
  static constexpr int kCount = 4;
  struct Shared {
    std::barrier<> meeting{kCount};
    std::array<double, kCount> values{};
  };
  ThreadLanes(Shared& shared, int lane) : shared_(shared), lane_(lane) {}
  int lane() const { return lane_; }
  int count() const { return kCount; }
  template <typename T>
  T sum(T value) const {
    const auto values = exchanged(value);
    T all = 0;
    for (const double one : values) all += static_cast<T>(one);
    return all;
  }
  template <typename T>
  T largest(T value) const {
    const auto values = exchanged(value);
    return static_cast<T>(*std::max_element(values.begin(), values.end()));
  }
  void wait() const { shared_.meeting.arrive_and_wait(); }

 private:
  std::array<double, kCount> exchanged(double value) const {
    shared_.values[static_cast<std::size_t>(lane_)] = value;
    wait();
    const auto values = shared_.values;
    wait();
    return values;
  }
  Shared& shared_;
  int lane_;
};

/// A ring of two categories, some of whose slots were never filled, and one embedding.
struct Ring {
  std::vector<double> keys, anchor;
  std::vector<std::int64_t> labels;
  std::unique_ptr<bool[]> valid;
  std::int64_t slots, width;

  Ring(std::int64_t slot_count, std::int64_t size, std::uint64_t seed)
      : anchor(row(size, seed)),
        valid(new bool[static_cast<std::size_t>(slot_count)]),
        slots(slot_count),
        width(size) {
    for (std::int64_t slot = 0; slot < slots; ++slot) {
      const auto key = row(width, seed + 1 + static_cast<std::uint64_t>(slot));
      keys.insert(keys.end(), key.begin(), key.end());
      labels.push_back(slot < slots / 2 ? 0 : 1);
      valid[static_cast<std::size_t>(slot)] = slot % 5 != 3;
    }
  }
  RingKeys<double> view() const { return {keys.data(), labels.data(), valid.get(), slots, width}; }

  /// The formula by two loops.
  double loss(const std::vector<double>& z, std::int64_t label, double temperature) const {
    const auto similarity = [&](std::int64_t slot) {
      double sum = 0;
      for (std::int64_t d = 0; d < width; ++d)
        sum += z[static_cast<std::size_t>(d)] * keys[static_cast<std::size_t>(slot * width + d)];
      return sum / temperature;
    };
    const auto used = [&](std::int64_t slot, bool same) {
      const auto s = static_cast<std::size_t>(slot);
      return valid[s] && (labels[s] == label) == same;
    };
    double total = 0;
    int positives = 0;
    for (std::int64_t j = 0; j < slots; ++j) {
      if (!used(j, true)) continue;
      double all = std::exp(similarity(j));
      for (std::int64_t k = 0; k < slots; ++k)
        if (used(k, false)) all += std::exp(similarity(k));
      total += std::log(all) - similarity(j);
      ++positives;
    }
    return positives == 0 ? 0 : total / positives;
  }

 private:
  static std::vector<double> row(std::int64_t size, std::uint64_t seed) {
    auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    auto x = torch::empty({size}, torch::kFloat64).normal_(0, 1, generator);
    x = x / x.norm();
    return {x.const_data_ptr<double>(), x.const_data_ptr<double>() + size};
  }
};

struct Answer {
  RowLoss<double> result;
  std::vector<double> gradient;
};

template <typename Lanes>
Answer answer(const Ring& ring,
              std::int64_t label,
              double temperature,
              const Lanes& lanes,
              std::vector<double>& row,
              std::vector<double>& gradient) {
  const auto result = contrast_anchor(lanes, ring.view(), ring.anchor.data(), label, temperature, row.data(),
                                      gradient.data());
  return {result, gradient};
}

Answer of_one_lane(const Ring& ring, std::int64_t label, double temperature) {
  std::vector<double> row(static_cast<std::size_t>(ring.slots)), gradient(ring.anchor.size());
  return answer(ring, label, temperature, OneLane(), row, gradient);
}

Answer of_four_lanes(const Ring& ring, std::int64_t label, double temperature) {
  std::vector<double> row(static_cast<std::size_t>(ring.slots)), gradient(ring.anchor.size());
  ThreadLanes::Shared shared;
  std::array<RowLoss<double>, ThreadLanes::kCount> results{};
  {
    std::vector<std::jthread> threads;
    for (int lane = 0; lane < ThreadLanes::kCount; ++lane) {
      threads.emplace_back([&, lane] {
        results[static_cast<std::size_t>(lane)] =
            contrast_anchor(ThreadLanes(shared, lane), ring.view(), ring.anchor.data(), label, temperature,
                            row.data(), gradient.data());
      });
    }
  }
  for (const auto& result : results) EXPECT_EQ(result.loss, results[0].loss) << "all lanes have the answer";
  return {results[0], gradient};
}

TEST(RingRow, EqualsTheDoubleLoopForOneLaneAndForSeveral) {
  for (const std::int64_t slots : {2, 7, 40}) {
    for (const double temperature : {0.05, 0.1, 0.5}) {
      const Ring ring(slots, 6, 3);
      for (const std::int64_t label : {0, 1}) {
        const double wanted = ring.loss(ring.anchor, label, temperature);
        EXPECT_NEAR(of_one_lane(ring, label, temperature).result.loss, wanted, 1e-9) << slots;
        EXPECT_NEAR(of_four_lanes(ring, label, temperature).result.loss, wanted, 1e-9) << slots;
      }
    }
  }
}

TEST(RingRow, ItsGradientIsThatOfDifferencesForOneLaneAndForSeveral) {
  const Ring ring(23, 5, 8);
  const auto one = of_one_lane(ring, 1, 0.2).gradient, four = of_four_lanes(ring, 1, 0.2).gradient;
  constexpr double kStep = 1e-6;
  for (std::size_t d = 0; d < one.size(); ++d) {
    const auto moved = [&](double by) {
      auto z = ring.anchor;
      z[d] += by;
      return ring.loss(z, 1, 0.2);
    };
    const double wanted = (moved(kStep) - moved(-kStep)) / (2 * kStep);
    EXPECT_NEAR(one[d], wanted, 1e-7);
    EXPECT_NEAR(four[d], wanted, 1e-7);
  }
}

TEST(RingRow, WithoutAPositiveOrWithoutANegativeItIsZeroWithAZeroGradient) {
  Ring ring(8, 4, 2);
  for (const bool positives : {false, true}) {
    std::fill(ring.labels.begin(), ring.labels.end(), positives ? 1 : 0);
    const Answer found = of_one_lane(ring, 1, 0.1);
    EXPECT_EQ(found.result.loss, 0);
    EXPECT_EQ(found.result.has_positive, positives);
    EXPECT_THAT(found.gradient, testing::Each(0));
  }
  EXPECT_FALSE(of_one_lane(ring, -1, 0.1).result.has_positive) << "a row that holds no cell";
}

/// A batch in single precision against a ring of float keys.
struct Batch {
  at::Tensor embeddings, labels, anchors;
  ContrastSet ring;

  Batch(std::int64_t rows, std::int64_t slots, std::int64_t width, at::Device device = at::kCPU) {
    const auto unit = [&](std::int64_t count, std::uint64_t seed) {
      auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
      const auto x = torch::empty({count, width}, torch::kFloat64).normal_(0, 1, generator);
      return (x / x.norm(2, 1, true)).to(torch::kFloat32).to(device);
    };
    embeddings = unit(rows, 1);
    labels = (torch::arange(rows).remainder(3) - 1).to(device);  // a third holds no cell
    anchors = torch::arange(0, rows, 2).to(device);
    ring = {unit(slots, 2), torch::arange(slots).remainder(2).to(device),
            (torch::arange(slots).remainder(7) != 2).to(device)};
  }
  ContrastSet ring_in_double() const {
    return {ring.embeddings.to(torch::kFloat64), ring.labels, ring.valid};
  }
};

/// Loss, has_positive and gradient, in double precision on the processor.
std::vector<at::Tensor> learnt(const Batch& batch,
                               const ContrastSet& ring,
                               at::ScalarType type,
                               double temperature) {
  auto z = batch.embeddings.to(type).detach().requires_grad_();
  const auto found = contrast_loss(z, batch.labels, batch.anchors, temperature, &ring);
  (3 * found.loss).backward();
  return {found.loss.detach().to(at::kCPU, torch::kFloat64),
          found.per_anchor.detach().to(at::kCPU, torch::kFloat64), found.has_positive.cpu(),
          z.grad().to(at::kCPU, torch::kFloat64)};
}

void expect_the_formula(const Batch& batch, double temperature) {
  const auto wanted = learnt(batch, batch.ring_in_double(), torch::kFloat64, temperature);
  const auto found = learnt(batch, batch.ring, torch::kFloat32, temperature);
  EXPECT_GT(wanted[0].item<double>(), 0.1);
  EXPECT_NEAR(found[0].item<double>(), wanted[0].item<double>(),
              1e-6 * std::max(1.0, wanted[0].item<double>()));
  EXPECT_TRUE(found[1].allclose(wanted[1], 1e-5, 1e-6));
  EXPECT_TRUE(torch::equal(found[2], wanted[2]));
  EXPECT_TRUE(found[3].allclose(wanted[3], 1e-4, 1e-6)) << (found[3] - wanted[3]).abs().max();
}

// Single precision goes the way of rows, double precision that of tensor operations.
TEST(RingContrast, LossAndGradientInSinglePrecisionAreThoseOfTheFormula) {
  for (const double temperature : {0.07, 0.1, 0.5}) expect_the_formula(Batch(40, 90, 16), temperature);
}

TEST(RingContrast, TheSameRowsComeFromAnyNumberOfThreads) {
  const Batch batch(200, 64, 8);
  const auto alone = learnt(batch, batch.ring, torch::kFloat32, 0.1);
  const int before = at::get_num_threads();
  at::set_num_threads(3);
  const auto together = learnt(batch, batch.ring, torch::kFloat32, 0.1);
  at::set_num_threads(before);
  for (std::size_t i = 0; i < alone.size(); ++i) EXPECT_TRUE(torch::allclose(alone[i], together[i])) << i;
}

TEST(RingContrast, AnEmptyRingGivesZeroWithAGraphAndAColdTemperatureStaysFinite) {
  Batch batch(12, 20, 4);
  const auto cold = learnt(batch, batch.ring, torch::kFloat32, 0.002);
  EXPECT_TRUE(cold[0].isfinite().all().item<bool>());
  EXPECT_TRUE(cold[3].isfinite().all().item<bool>());
  batch.ring.valid.zero_();
  const auto empty = learnt(batch, batch.ring, torch::kFloat32, 0.1);
  EXPECT_EQ(empty[0].item<double>(), 0);
  EXPECT_EQ(empty[3].abs().max().item<double>(), 0);
  batch.anchors = torch::empty({0}, torch::kInt64);
  EXPECT_EQ(learnt(batch, batch.ring, torch::kFloat32, 0.1)[0].item<double>(), 0);
}

TEST(RingContrast, WhatIsNotANumberShows) {
  Batch batch(12, 20, 4);
  batch.ring.embeddings[3][1] = std::nanf("");
  EXPECT_TRUE(std::isnan(learnt(batch, batch.ring, torch::kFloat32, 0.1)[0].item<double>()));
}

TEST(RingContrast, OnAGpuItIsThatOfTheProcessor) {
  // a kernel runs on no processor: its arithmetic is tested there by the tests above, from the same source
  if (!torch::cuda::is_available()) GTEST_SKIP() << "there is no GPU";
  if (cuda_plugin() == nullptr) GTEST_SKIP() << "libscarp_cuda.so is not beside the tests: make cuda";
  for (const std::int64_t slots : {33, 2048}) expect_the_formula(Batch(130, slots, 128, at::kCUDA), 0.1);
}

}  // namespace
}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include "pipelines/evaluation/evaluate_bootstrap.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "pipelines/error.h"

namespace scarp::pipelines {
namespace {

constexpr double kOutside = 0.025;  // share of the draws on either side of an interval

constexpr std::pair<const char*, double MapScores::*> kScores[] = {
    {"f1", &MapScores::f1},
    {"iou", &MapScores::iou},
    {"iou_background", &MapScores::iou_background},
    {"miou", &MapScores::miou},
    {"precision", &MapScores::precision},
    {"recall", &MapScores::recall},
    {"accuracy", &MapScores::accuracy},
    {"boundary_f1", &MapScores::boundary_f1},
    {"boundary_precision", &MapScores::boundary_precision},
    {"boundary_recall", &MapScores::boundary_recall},
    {"ece", &MapScores::ece}};

using Samples = std::map<std::string, std::vector<double>>;

/// How often each square is drawn. The remainder of a 64-bit number is the same on every platform, and so
/// little off a fair draw that no number of draws could show it.
std::vector<std::int64_t> drawn(std::size_t blocks, std::mt19937_64& random) {
  std::vector<std::int64_t> times(blocks, 0);
  for (std::size_t i = 0; i < blocks; ++i) ++times[random() % blocks];
  return times;
}

GroundCounts summed(std::span<const GroundCounts> blocks, std::span<const std::int64_t> times) {
  GroundCounts sum;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (times[i] > 0) sum.add(blocks[i], times[i]);
  }
  return sum;
}

/// Between the two nearest of the sorted values, linearly.
double quantile(const std::vector<double>& sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], at - std::floor(at));
}

Intervals intervals_of(Samples samples) {
  Intervals intervals;
  for (auto& [key, values] : samples) {
    std::sort(values.begin(), values.end());
    intervals[key] = {quantile(values, kOutside), quantile(values, 1 - kOutside)};
  }
  return intervals;
}

void require_sense(std::size_t blocks, std::size_t other, int draws) {
  if (other != 0 && other != blocks) {
    throw Error(Fault::usage, fmt::format("two maps are compared on the same ground: one has {} blocks, the "
                                          "other {}",
                                          blocks, other));
  }
  if (draws < 0)
    throw Error(Fault::usage, fmt::format("the number of draws must not be negative: {}", draws));
}

}  // namespace

std::map<std::string, double> named_scores(const MapScores& scores) {
  std::map<std::string, double> named;
  for (const auto& [key, member] : kScores) {
    if (member != &MapScores::ece || scores.ece >= 0) named[key] = scores.*member;
  }
  return named;
}

Bootstrap bootstrap(std::span<const GroundCounts> blocks,
                    std::span<const GroundCounts> other,
                    int draws,
                    std::mt19937_64& random) {
  require_sense(blocks.size(), other.size(), draws);
  Bootstrap out;
  out.blocks = static_cast<int>(blocks.size());
  if (blocks.size() < 2) return out;
  Samples scores, differences;
  for (int draw = 0; draw < draws; ++draw) {
    const std::vector<std::int64_t> times = drawn(blocks.size(), random);
    const GroundCounts sum = summed(blocks, times);
    if (sum.pixels.true_positive + sum.pixels.false_negative == 0) continue;
    ++out.draws;
    const std::map<std::string, double> own = named_scores(scores_of(sum));
    for (const auto& [key, value] : own) scores[key].push_back(value);
    if (other.empty()) continue;
    for (const auto& [key, value] : named_scores(scores_of(summed(other, times)))) {
      if (own.contains(key)) differences[key].push_back(own.at(key) - value);
    }
  }
  out.scores = intervals_of(std::move(scores));
  out.differences = intervals_of(std::move(differences));
  return out;
}

}  // namespace scarp::pipelines

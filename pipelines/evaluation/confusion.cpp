// SPDX-License-Identifier: Apache-2.0
#include "pipelines/evaluation/confusion.h"

namespace scarp::pipelines {
namespace {

double ratio(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

double BinaryCounts::precision() const {
  return ratio(true_positive, true_positive + false_positive);
}
double BinaryCounts::recall() const {
  return ratio(true_positive, true_positive + false_negative);
}
double BinaryCounts::f1() const {
  return ratio(2 * true_positive, 2 * true_positive + false_positive + false_negative);
}
double BinaryCounts::iou() const {
  return ratio(true_positive, true_positive + false_positive + false_negative);
}
double BinaryCounts::accuracy() const {
  return ratio(true_positive + true_negative, total());
}

void Confusion::add(std::span<const std::uint8_t> prediction, std::span<const std::uint8_t> truth) {
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (truth[i] == kUnknown) continue;
    if (prediction[i] == kUnknown) {
      ++unmapped_;
    } else {
      ++counts_[std::size_t{prediction[i]} * 256 + truth[i]];
    }
  }
}

std::vector<int> Confusion::classes() const {
  std::vector<bool> seen(256, false);
  seen[0] = true;
  for (int p = 0; p < 256; ++p) {
    for (int t = 0; t < 256; ++t) {
      if (count(p, t) == 0) continue;
      seen[static_cast<std::size_t>(p)] = true;
      seen[static_cast<std::size_t>(t)] = true;
    }
  }
  std::vector<int> ids;
  for (int id = 0; id < 256; ++id) {
    if (seen[static_cast<std::size_t>(id)]) ids.push_back(id);
  }
  return ids;
}

BinaryCounts Confusion::landslides() const {
  BinaryCounts counts;
  for (int p = 0; p < 256; ++p) {
    for (int t = 0; t < 256; ++t) {
      std::int64_t& cell = p != 0 ? (t != 0 ? counts.true_positive : counts.false_positive)
                                  : (t != 0 ? counts.false_negative : counts.true_negative);
      cell += count(p, t);
    }
  }
  return counts;
}

BinaryCounts Confusion::of_class(int id) const {
  BinaryCounts counts;
  for (int p = 0; p < 256; ++p) {
    for (int t = 0; t < 256; ++t) {
      std::int64_t& cell = p == id ? (t == id ? counts.true_positive : counts.false_positive)
                                   : (t == id ? counts.false_negative : counts.true_negative);
      cell += count(p, t);
    }
  }
  return counts;
}

}  // namespace scarp::pipelines

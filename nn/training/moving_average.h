// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "nn/torch/dual_branch_network.h"

namespace scarp::nn {

/// A second network whose weights follow the first: average += (1 - decay) (weight - average). Early on the
/// decay is (1 + n) / (10 + n) of the n-th update, so that the start is forgotten. Running statistics of
/// norms are averages already and are copied when asked for.
class MovingAverage {
 public:
  /// @param follower  of the same shape; with decay 0 it is a copy after every update
  MovingAverage(DualBranchNetwork follower, double decay) : follower_(std::move(follower)), decay_(decay) {}
  double decay_at(std::int64_t update_number) const;
  void update(const DualBranchNetwork& leader, std::int64_t update_number);
  void copy_statistics(const DualBranchNetwork& leader);
  DualBranchNetwork& network() { return follower_; }

 private:
  DualBranchNetwork follower_;
  double decay_;
};

}  // namespace scarp::nn

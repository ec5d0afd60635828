// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "nn/learner.h"

namespace scarp::nn {

/// Pixel counts pooled over all that was added; they stay on their device until they are asked for.
class Scores {
 public:
  Scores(std::int64_t classes, at::Device device);
  /// @param logits [B, classes, H, W]  @param labels [B, H, W], kIgnoreLabel counts nowhere
  void add(const at::Tensor& logits, const at::Tensor& labels);
  std::vector<ClassCounts> counts() const;

 private:
  at::Tensor counts_;  ///< [classes, 3] int64: true positive, false positive, false negative
};

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include "nn/training/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace scarp::nn {

double learning_rate_at(double highest, std::int64_t step, std::int64_t warmup, std::int64_t steps) {
  if (step < warmup) return highest * static_cast<double>(step + 1) / static_cast<double>(warmup);
  const double rest = static_cast<double>(std::max<std::int64_t>(1, steps - warmup));
  return 0.5 * highest * (1 + std::cos(std::numbers::pi * static_cast<double>(step - warmup) / rest));
}

}  // namespace scarp::nn

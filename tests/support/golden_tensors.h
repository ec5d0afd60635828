// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <limits>
#include <string>

#include <torch/types.h>

#include "nn/io/tensor_file.h"
#include "tests/support/golden_files.h"

namespace scarp::test {

inline nn::NamedTensors all_tensors(const std::string& path) {
  return nn::read_tensors(nn::SafetensorsFile(path), [](const std::string&) { return true; });
}

/// Largest difference between two tensors, in double; NaN counts as infinite.
inline double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  if (a.sizes() != b.sizes()) return std::numeric_limits<double>::infinity();
  if (a.numel() == 0) return 0;
  const auto difference =
      (a.detach().to(torch::kFloat64) - b.detach().to(torch::kFloat64)).abs().max().item<double>();
  return std::isnan(difference) ? std::numeric_limits<double>::infinity() : difference;
}

inline bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  return torch::equal(a, b);
}

}  // namespace scarp::test

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>
#include <torch/types.h>

#include "nn/io/tensor_file.h"

namespace scarp::test {

/// A file of the golden vectors, or empty: the test is then to be skipped. Where CI is true, its absence is a
/// failure.
inline std::string golden_file(const std::string& relative) {
  const char* root = std::getenv("SCARP_GOLDEN_DIR");
  const std::string path = std::string(root != nullptr ? root : "../shared/golden") + "/" + relative;
  if (std::filesystem::exists(path)) return path;
  const char* ci = std::getenv("CI");
  if (ci != nullptr && std::string(ci) == "true") ADD_FAILURE() << path << " is not there, and CI is true";
  return "";
}

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

/// Names a golden file, or skips the test, saying so.
#define SCARP_GOLDEN(variable, relative)                           \
  const std::string variable = scarp::test::golden_file(relative); \
  if ((variable).empty()) GTEST_SKIP() << "no " << (relative) << " in the folder SCARP_GOLDEN_DIR"

// SPDX-License-Identifier: Apache-2.0
#include "nn/verification/golden_case.h"

#include <algorithm>
#include <cmath>

#include <torch/torch.h>

#include "nn/error.h"
#include "nn/io/strict_json.h"

namespace scarp::nn {

namespace {

constexpr int kDeepestConfig = 16;
constexpr const char* kConfigKey = "config";
constexpr const char* kReferenceKey = "fp32_reference_error";

[[noreturn]] void refuse(const GoldenCase& golden, const std::string& what) {
  throw Error(Fault::mismatch, golden.path + ": " + what);
}

// Errors of what is zero by symmetry are listed besides; they are nobody's.
bool of_no_gradient(const std::string& name) {
  return name.find("bias") != std::string::npos || name == "scores";
}

void collect_errors(const nlohmann::ordered_json& node,
                    const std::string& name,
                    bool gradients,
                    double& largest) {
  if (node.is_object()) {
    for (const auto& [key, value] : node.items()) collect_errors(value, key, gradients, largest);
  } else if (node.is_number() && !of_no_gradient(name)) {
    const bool of_gradient = name.starts_with("grad");
    if (of_gradient == gradients) largest = std::max(largest, node.get<double>());
  }
}

}  // namespace

GoldenCase GoldenCase::read(const std::string& path) {
  const SafetensorsFile file(path);
  GoldenCase golden;
  golden.path = path;
  golden.tensors = read_tensors(file, [](const std::string&) { return true; });
  const auto config = file.header().metadata.find(kConfigKey);
  golden.config = config == file.header().metadata.end()
                      ? nlohmann::ordered_json::object()
                      : parse_strict_json(config->second, path + ": config", kDeepestConfig);
  return golden;
}

bool GoldenCase::has_under(const std::string& prefix) const {
  const auto found = tensors.lower_bound(prefix + "/");
  return found != tensors.end() && found->first.starts_with(prefix + "/");
}

NamedTensors GoldenCase::under(const std::string& prefix) const {
  NamedTensors found;
  for (const auto& [name, tensor] : tensors) {
    if (name.starts_with(prefix + "/")) found.emplace(name.substr(prefix.size() + 1), tensor);
  }
  return found;
}

at::Tensor GoldenCase::get(const std::string& name) const {
  const auto found = tensors.find(name);
  if (found == tensors.end()) refuse(*this, "there is no tensor " + name);
  return found->second;
}

at::Tensor GoldenCase::get(const std::string& name, at::ScalarType type) const {
  const auto tensor = get(name);
  return tensor.is_floating_point() ? tensor.to(type) : tensor;
}

double GoldenCase::number(const std::string& key) const {
  if (!config.contains(key)) refuse(*this, "its config has no " + key);
  return number(key, 0);
}

double GoldenCase::number(const std::string& key, double otherwise) const {
  if (!config.contains(key)) return otherwise;
  if (!config[key].is_number()) refuse(*this, "config: " + key + " is not a number");
  return config[key].get<double>();
}

std::int64_t GoldenCase::whole(const std::string& key) const {
  const double value = number(key);
  if (!(std::abs(value) < 1e9) || std::floor(value) != value)
    refuse(*this, "config: " + key + " is not a whole number within reason");
  return static_cast<std::int64_t>(value);
}

bool GoldenCase::flag(const std::string& key, bool otherwise) const {
  if (!config.contains(key)) return otherwise;
  if (!config[key].is_boolean()) refuse(*this, "config: " + key + " is neither true nor false");
  return config[key].get<bool>();
}

double GoldenCase::reference_error(bool gradients) const {
  double largest = 0;
  if (config.contains(kReferenceKey)) collect_errors(config[kReferenceKey], "", gradients, largest);
  return largest;
}

}  // namespace scarp::nn

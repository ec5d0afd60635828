// SPDX-License-Identifier: Apache-2.0
#include "nn/verification/comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <torch/torch.h>

namespace scarp::nn {

namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr double kZeroGradientFloor = 1e-6;
constexpr double kReferenceSlack = 4;  // single precision may err by so many times the reference's own error,
constexpr double kLargestSlack = 1e-3;  // but never by more than this

struct MeasureRule {
  const char* name;
  double tolerance;
};

MeasureRule rule_of(Measure measure) {
  switch (measure) {
    case Measure::forward:
      return {"forward", 1e-5};
    case Measure::loss:
      return {"loss", 1e-6};
    case Measure::gradient:
      return {"gradient", 1e-4};
    case Measure::trajectory:
      return {"trajectory", 1e-4};
    case Measure::optimiser:
      return {"optimiser", 5e-6};
    case Measure::exact:
      return {"exact", 1e-9};
  }
  return {"", 0};
}

double largest(const at::Tensor& x) {
  return x.numel() == 0 ? 0 : x.abs().max().item<double>();
}

double scale_of(const Answer& answer, const at::Tensor& wanted) {
  const double size = largest(wanted);
  switch (answer.measure) {
    case Measure::gradient:
      return answer.zero_by_symmetry || size == 0 ? 1 : size;
    case Measure::loss:
    case Measure::exact:
      return std::max(1.0, size);
    default:
      return 1;
  }
}

// What of a tensor is compared.
at::Tensor counting(const Answer& answer, const at::Tensor& x) {
  auto part = x.to(torch::kFloat64);
  if (answer.up_to_row_means) part = part - part.mean(-1, /*keepdim=*/true);
  return answer.compared.defined() ? part.where(answer.compared, 0) : part;
}

double error_of(const Answer& answer, const at::Tensor& stored) {
  if (!answer.value.defined() || answer.value.sizes() != stored.sizes()) return kInfinite;
  const auto wanted = counting(answer, stored);
  const double error = largest(counting(answer, answer.value) - wanted) / scale_of(answer, wanted);
  return std::isfinite(error) ? error : kInfinite;
}

bool is_result(const std::string& name) {
  return name.starts_with("out/") || name.starts_with("out64/") || name.starts_with("grad");
}

std::string answer_name(std::string name) {
  const auto slash = name.find('/');
  if (slash >= 2 && slash != std::string::npos && name.compare(slash - 2, 2, "64") == 0)
    name.erase(slash - 2, 2);
  return name;
}

bool holds(const GoldenCase& golden, const std::string& name) {
  const auto slash = name.find('/');
  return golden.has(name) || golden.has(name.substr(0, slash) + "64" + name.substr(slash));
}

// What was left out of a file cannot be wrong in it: the first result that is not there, or nothing.
std::string missing_result(const GoldenCase& golden, const Answers& answers) {
  for (const auto& [name, answer] : answers) {
    if (!answer.optional && !holds(golden, name)) return name;
  }
  return "";
}

// Single precision knows seven digits of a number, wherever its point stands.
double single_tolerance(const Answer& answer, const at::Tensor& stored, double tolerance) {
  const bool absolute = answer.measure == Measure::forward || answer.measure == Measure::trajectory;
  return absolute ? tolerance * std::max(1.0, largest(stored.to(torch::kFloat64))) : tolerance;
}

VerifiedTensor compare_one(const GoldenCase& golden,
                           const std::string& name,
                           const Answer& single,
                           const Answer& twice) {
  const MeasureRule rule = rule_of(single.measure);
  const bool gradient = single.measure == Measure::gradient;
  const at::Tensor& stored = golden.tensors.at(name);
  VerifiedTensor result;
  result.name = name;
  result.measure = rule.name;
  result.tolerance = gradient && single.zero_by_symmetry ? kZeroGradientFloor : rule.tolerance;
  result.error = error_of(single, stored);
  result.error_double = error_of(twice, stored);
  const double lost = std::max(golden.reference_error(gradient), single.rounding);
  const double slack = std::min(kLargestSlack, kReferenceSlack * lost);
  const bool met = result.error <= std::max(single_tolerance(single, stored, result.tolerance),
                                            single.measure == Measure::exact ? 0 : slack);
  // what is zero by symmetry is rounding of all that cancels: only double precision can judge it
  result.passed = result.error_double <= result.tolerance && (met || single.zero_by_symmetry);
  return result;
}

}  // namespace

VerifiedFile compare(const GoldenCase& golden,
                     const std::string& kind,
                     const Answers& single,
                     const Answers& twice) {
  VerifiedFile result;
  result.path = golden.path;
  result.kind = kind;
  result.passed = true;
  for (const auto& item : golden.tensors) {
    if (!is_result(item.first)) continue;
    const std::string name = answer_name(item.first);
    if (!single.contains(name) || !twice.contains(name)) {
      result.problem = item.first + " is a result that this kind does not have";
      result.passed = false;
      continue;
    }
    result.tensors.push_back(compare_one(golden, item.first, single.at(name), twice.at(name)));
    result.passed = result.passed && result.tensors.back().passed;
  }
  if (const std::string missing = missing_result(golden, single); !missing.empty()) {
    result.problem = "there is no " + missing + ", which this kind has";
    result.passed = false;
  }
  if (result.tensors.empty()) {
    result.passed = false;
    if (result.problem.empty()) result.problem = "there is no result to compare with";
  }
  return result;
}

}  // namespace scarp::nn

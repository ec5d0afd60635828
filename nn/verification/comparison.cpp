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

// What was left out of a file cannot be wrong in it, and is told.
std::vector<std::string> results_left_out(const GoldenCase& golden, const Answers& answers) {
  std::vector<std::string> names;
  for (const auto& [name, answer] : answers) {
    if (!holds(golden, name)) names.push_back(name);
  }
  return names;
}

// A file with gradients has them all. Gradients of one kind have a first folder of their own: grad,
// grad_sinkhorn.
bool has_others_like(const GoldenCase& golden, const std::string& name) {
  if (!name.starts_with("grad")) return false;
  const std::string folder = name.substr(0, name.find('/'));
  return golden.has_under(folder) || golden.has_under(folder + "64");
}

// Single precision knows seven digits of a number, wherever its point stands: of what is computed in it the
// tolerance is a share of the largest entry, of what is only stored in it the last digit is forgiven.
struct Tolerances {
  double in_single, in_double;
};

Tolerances tolerances_of(const Answer& answer, const at::Tensor& stored, double tolerance) {
  const bool relative = answer.measure == Measure::loss || answer.measure == Measure::gradient ||
                        answer.measure == Measure::exact;
  if (relative) return {tolerance, tolerance};
  const double size = largest(stored.to(torch::kFloat64));
  const bool rounded = stored.scalar_type() == torch::kFloat32;
  const double last_digit = rounded ? size * std::numeric_limits<float>::epsilon() : 0;
  return {tolerance * std::max(1.0, size), std::max(tolerance, last_digit)};
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
  const Tolerances tolerances = tolerances_of(single, stored, result.tolerance);
  const bool met =
      result.error <= std::max(tolerances.in_single, single.measure == Measure::exact ? 0 : slack);
  // what is zero by symmetry is rounding of all that cancels: only double precision can judge it
  result.passed = result.error_double <= tolerances.in_double && (met || single.zero_by_symmetry);
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
  result.left_out = results_left_out(golden, single);
  for (const std::string& name : result.left_out) {
    if (!has_others_like(golden, name)) continue;
    result.problem = "there is no " + name + ", and other gradients are there";
    result.passed = false;
    break;
  }
  if (result.tensors.empty()) {
    result.passed = false;
    if (result.problem.empty()) result.problem = "there is no result to compare with";
  }
  return result;
}

}  // namespace scarp::nn

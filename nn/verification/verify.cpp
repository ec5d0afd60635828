// SPDX-License-Identifier: Apache-2.0
#include "nn/verify.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>

#include <torch/torch.h>

#include "nn/error.h"
#include "nn/io/strict_json.h"
#include "nn/verification/comparison.h"
#include "nn/verification/paired_weights.h"

namespace scarp::nn {

namespace {

// Golden cases are small: a second thread would wait, and on a busy machine for long.
class OneThread {
 public:
  OneThread() : before_(at::get_num_threads()) { at::set_num_threads(1); }
  ~OneThread() { at::set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

VerifiedFile failed(const std::string& path, const std::string& kind, const std::string& problem) {
  VerifiedFile file;
  file.path = path;
  file.kind = kind;
  file.problem = problem;
  return file;
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

// The only family that fits; none where there are several.
const GoldenKind* kind_of(const GoldenCase& golden) {
  const GoldenKind* found = nullptr;
  for (const GoldenKind& kind : golden_kinds()) {
    if (!kind.fits(golden)) continue;
    if (found != nullptr) return nullptr;
    found = &kind;
  }
  return found;
}

VerifiedFile verify_whole(const GoldenCase& golden) {
  const GoldenKind* kind = kind_of(golden);
  if (kind == nullptr)
    return failed(golden.path, "", "its tensors and config are of no kind that is known; see docs/models.md");
  try {
    return compare(golden, kind->name, kind->compute(golden, torch::kFloat32),
                   kind->compute(golden, torch::kFloat64));
  } catch (const c10::Error& error) {
    return failed(golden.path, kind->name, first_line(error.what_without_backtrace()));
  } catch (const std::exception& error) {
    return failed(golden.path, kind->name, first_line(error.what()));
  }
}

double largest_error(const VerifiedFile& file) {
  double largest = 0;
  for (const VerifiedTensor& each : file.tensors)
    largest = std::max(largest, each.error_double / each.tolerance);
  return largest;
}

using Cases = std::vector<std::optional<GoldenCase>>;

// The best of all files that complete this one.
std::optional<VerifiedFile> best_pair(const GoldenCase& golden, const Cases& others) {
  const bool has_weights = is_weights_alone(golden);
  std::optional<VerifiedFile> best;
  for (const auto& other : others) {
    if (!other || !(has_weights ? is_inputs_alone(*other) : is_weights_alone(*other))) continue;
    const auto pair = has_weights ? compare_paired(golden, *other) : compare_paired(*other, golden);
    if (pair && (!best || largest_error(*pair) < largest_error(*best))) best = pair;
  }
  return best;
}

// What completes this one, as far as names tell; only that is read.
bool may_complete(const std::string& path, bool has_weights) {
  const SafetensorsFile file(path);
  GoldenCase outline;
  for (const auto& [name, stored] : file.header().tensors) outline.tensors.emplace(name, at::Tensor());
  return has_weights ? is_inputs_alone(outline) : is_weights_alone(outline);
}

Cases neighbours(const std::string& path, bool has_weights) {
  Cases found;
  std::error_code fault;
  const auto folder = std::filesystem::absolute(path, fault).parent_path();
  for (const auto& entry : std::filesystem::directory_iterator(folder, fault)) {
    if (entry.path().extension() != ".safetensors" ||
        entry.path().filename() == std::filesystem::path(path).filename())
      continue;
    try {
      if (may_complete(entry.path().string(), has_weights))
        found.emplace_back(GoldenCase::read(entry.path().string()));
    } catch (const std::exception&) {
      continue;  // it was not asked for
    }
  }
  return found;
}

VerifiedFile verify_part(const GoldenCase& golden, const Cases& given) {
  auto best = best_pair(golden, given);
  if (!best) best = best_pair(golden, neighbours(golden.path, is_weights_alone(golden)));
  if (!best) {
    return failed(golden.path, "",
                  is_weights_alone(golden)
                      ? "these are weights alone, and no file with inputs and outputs of theirs was given"
                      : "these are inputs and outputs alone, and no file with weights that fit was given");
  }
  best->path = golden.path;
  return *best;
}

}  // namespace

std::vector<VerifiedFile> verify_files(std::span<const std::string> paths) {
  const OneThread one;
  Cases cases;
  std::vector<VerifiedFile> results;
  for (const std::string& path : paths) {
    results.push_back(failed(path, "", ""));
    cases.emplace_back();
    try {
      cases.back() = GoldenCase::read(path);
    } catch (const std::exception& error) {
      results.back().problem = first_line(error.what());
    }
  }
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (!cases[i]) continue;
    const bool part = is_weights_alone(*cases[i]) || is_inputs_alone(*cases[i]);
    results[i] = part ? verify_part(*cases[i], cases) : verify_whole(*cases[i]);
  }
  return results;
}

std::string verification_json(std::span<const VerifiedFile> files) {
  using Json = nlohmann::ordered_json;
  const auto number = [](double value) { return std::isfinite(value) ? Json(value) : Json("infinite"); };
  Json list = Json::array();
  bool all = !files.empty();
  for (const VerifiedFile& file : files) {
    Json entry = {
        {"file", file.path}, {"kind", file.kind.empty() ? Json() : Json(file.kind)}, {"passed", file.passed}};
    if (!file.problem.empty()) entry["problem"] = file.problem;
    Json tensors = Json::array();
    for (const VerifiedTensor& each : file.tensors) {
      tensors.push_back({{"name", each.name},
                         {"measure", each.measure},
                         {"error", number(each.error_double)},
                         {"error_single", number(each.error)},
                         {"tolerance", each.tolerance},
                         {"passed", each.passed}});
    }
    entry["tensors"] = std::move(tensors);
    entry["left_out"] = file.left_out;
    list.push_back(std::move(entry));
    all = all && file.passed;
  }
  return dump_strict_json({{"passed", all}, {"files", std::move(list)}}, "verification");
}

}  // namespace scarp::nn

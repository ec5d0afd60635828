// SPDX-License-Identifier: Apache-2.0
#include "nn/weights/state_dict.h"

#include <algorithm>
#include <array>
#include <set>

#include "nn/error.h"
#include "nn/io/card_file.h"
#include "nn/io/printable.h"
#include "nn/weight_summary.h"

namespace scarp::nn {
namespace {

/// Names of tensors that lie in a dict at the file's root, joined with '.'; the key itself is not part.
std::map<std::string, const WeightTensor*> tensors_below(const WeightFile& file, const std::string& key) {
  std::map<std::string, const WeightTensor*> found;
  for (const WeightTensor& tensor : file.tensors()) {
    if (tensor.path.size() != (key.empty() ? 1U : 2U)) continue;
    if (key.empty() || tensor.path.front() == key) found.emplace(tensor.path.back(), &tensor);
  }
  return found;
}

std::string key_of_choice(const WeightFile& file) {
  std::set<std::string> dicts;
  for (const WeightTensor& tensor : file.tensors()) {
    if (tensor.path.size() == 2) dicts.insert(tensor.path.front());
  }
  for (const char* key : {"target_encoder", "ema_state_dict", "state_dict", "model", "encoder"}) {
    if (dicts.contains(key)) return key;
  }
  return {};
}

void strip(StateDict& chosen, const std::string& prefix) {
  const bool all = !chosen.tensors.empty() &&
                   std::all_of(chosen.tensors.begin(), chosen.tensors.end(),
                               [&](const auto& each) { return each.first.starts_with(prefix); });
  if (!all) return;
  std::map<std::string, const WeightTensor*> stripped;
  for (const auto& [name, tensor] : chosen.tensors) stripped.emplace(name.substr(prefix.size()), tensor);
  chosen.tensors = std::move(stripped);
  chosen.prefix += prefix;
}

}  // namespace

StateDict choose_state_dict(const WeightFile& file, const std::string& wanted) {
  StateDict chosen;
  chosen.key = wanted.empty() ? key_of_choice(file) : wanted;
  chosen.tensors = tensors_below(file, chosen.key);
  if (!wanted.empty() && chosen.tensors.empty())
    throw Error(Fault::bad_argument,
                file.path() + ": there are no tensors in a dict called " + printable(wanted));
  const bool of_a_run =
      has_backbone_card(file) && std::any_of(chosen.tensors.begin(), chosen.tensors.end(),
                                             [](const auto& each) { return of_the_model(each.first); });
  if (has_model_card(file) || of_a_run) {
    std::erase_if(chosen.tensors, [](const auto& each) { return !of_the_model(each.first); });
    strip(chosen, kModelPrefix);
  }
  strip(chosen, "module.");
  strip(chosen, "_orig_mod.");
  if (!chosen.key.empty()) {
    const auto beside = tensors_below(file, {});
    const auto prototypes = beside.find("prototypes");
    if (prototypes != beside.end()) chosen.tensors.insert(*prototypes);
  }
  return chosen;
}

WeightMap load_state_dict(const WeightFile& file, const StateDict& chosen) {
  WeightMap weights;
  for (const auto& [name, tensor] : chosen.tensors)
    weights.emplace(name, WeightArray{tensor->dtype, tensor->shape, file.read(*tensor)});
  return weights;
}

}  // namespace scarp::nn

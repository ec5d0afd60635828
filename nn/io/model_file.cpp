// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>

#include <torch/torch.h>

#include "nn/error.h"
#include "nn/io/checkpoint.h"
#include "nn/model_card.h"
#include "nn/torch/errors.h"

namespace scarp::nn {
namespace {

bool of_the_model(const std::string& name) {
  return name.rfind(kModelPrefix, 0) == 0;
}

}  // namespace

ModelCard read_model_card(const std::string& path) {
  return card_of(SafetensorsFile(path));
}

void rewrite_model_card(const std::string& path, const ModelCard& card) {
  with_our_errors("rewriting " + path, [&] {
    const SafetensorsFile file(path);
    auto metadata = file.header().metadata;
    metadata[kCardKey] = card.to_json();
    static_cast<void>(
        ModelCard::from_json(metadata[kCardKey]));  // what could not be read again is not written
    write_tensors(path, metadata, read_tensors(file, [](const std::string&) { return true; }));
  });
}

WeightsSummary summarise_weights(const std::string& path) {
  const SafetensorsFile file(path);
  WeightsSummary summary;
  std::int64_t most = 0;
  for (const auto& [name, tensor] : file.header().tensors) {
    summary.bytes += static_cast<std::int64_t>(tensor.end - tensor.begin);
    const bool statistic =
        name.find("running_") != std::string::npos || name.find("num_batches_tracked") != std::string::npos;
    if (!of_the_model(name) || statistic) continue;
    summary.parameters += tensor.elements();
    if (tensor.elements() > most) {  // the type of the largest tensor speaks for all
      most = tensor.elements();
      summary.dtype = tensor.dtype;
    }
  }
  return summary;
}

void export_half(const std::string& from, const std::string& to, bool overwrite) {
  with_our_errors("exporting " + from, [&] {
    if (!overwrite && std::filesystem::exists(to))
      throw Error(Fault::already_exists, to + " is already there: overwrite it, or choose another name");
    const SafetensorsFile file(from);
    NamedTensors tensors = read_tensors(file, of_the_model);
    for (auto& [name, tensor] : tensors) {
      // Norms, their statistics and biases are small and sensitive: they stay as they are.
      if (tensor.dim() <= 1 || !tensor.is_floating_point()) continue;
      tensor = tensor.to(torch::kFloat16);
      if (!tensor.isfinite().all().item<bool>()) {
        throw Error(Fault::not_finite,
                    from + ": the weights " + name + " do not fit half precision: ship the model as it is");
      }
    }
    write_tensors(to, {{kCardKey, card_of(file).to_json()}, {"format", "pt"}}, tensors);
  });
}

}  // namespace scarp::nn

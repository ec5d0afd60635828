// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>

#include <torch/torch.h>

#include "nn/error.h"
#include "nn/io/checkpoint.h"
#include "nn/model_card.h"
#include "nn/torch/errors.h"

namespace scarp::nn {

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

void export_half(const std::string& from, const std::string& to, bool overwrite) {
  with_our_errors("exporting " + from, [&] {
    if (!overwrite && std::filesystem::exists(to))
      throw Error(Fault::already_exists, to + " is already there: overwrite it, or choose another name");
    const SafetensorsFile file(from);
    NamedTensors tensors = read_tensors(file, of_the_model);
    for (auto& [name, tensor] : tensors) tensor = half_of(tensor, name, from);
    write_tensors(to, {{kCardKey, card_of(file).to_json()}, {"format", "pt"}}, tensors);
  });
}

}  // namespace scarp::nn

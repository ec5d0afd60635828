// SPDX-License-Identifier: Apache-2.0
#include "nn/io/card_file.h"

#include "nn/error.h"

namespace scarp::nn {

bool of_the_model(const std::string& tensor_name) {
  return tensor_name.rfind(kModelPrefix, 0) == 0;
}

ModelCard card_of(const SafetensorsFile& file) {
  const auto found = file.header().metadata.find(kCardKey);
  if (found == file.header().metadata.end()) {
    throw Error(Fault::unreadable, file.path() + " is a safetensors file, but not a model of Scarp (no '" +
                                       kCardKey + "' in its metadata): give a model that scarp train made");
  }
  try {
    return ModelCard::from_json(found->second);
  } catch (const Error& error) {
    throw Error(error.fault(), file.path() + ": " + error.what());
  }
}

ModelCard read_model_card(const std::string& path) {
  return card_of(SafetensorsFile(path));
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

}  // namespace scarp::nn

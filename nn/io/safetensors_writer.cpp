// SPDX-License-Identifier: Apache-2.0
#include "nn/error.h"
#include "nn/io/atomic_file.h"
#include "nn/io/safetensors.h"
#include "nn/io/strict_json.h"

namespace scarp::nn {
namespace {

constexpr std::size_t kDataAlignment = 64;  // so that a mapped file can be used in place

std::string safetensors_header_json(const std::string& path,
                                    const std::map<std::string, std::string>& metadata,
                                    std::span<const OutgoingTensor> tensors) {
  auto document = nlohmann::ordered_json::object();
  if (!metadata.empty()) document["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const auto& tensor : tensors) {
    document[tensor.name] = {{"dtype", tensor.dtype},
                             {"shape", tensor.shape},
                             {"data_offsets", {offset, offset + tensor.bytes.size()}}};
    offset += tensor.bytes.size();
  }
  auto json = dump_strict_json(document, path);
  const auto length = sizeof(std::uint64_t) + json.size();
  json.append((kDataAlignment - length % kDataAlignment) % kDataAlignment, ' ');
  return json;
}

}  // namespace

void write_safetensors(const std::string& path,
                       const std::map<std::string, std::string>& metadata,
                       std::span<const OutgoingTensor> tensors) {
  const auto json = safetensors_header_json(path, metadata, tensors);
  const std::uint64_t length = json.size();
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(std::as_bytes(std::span(json)));
  for (const auto& tensor : tensors) file.write(tensor.bytes);
  file.commit();
}

}  // namespace scarp::nn

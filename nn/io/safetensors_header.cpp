// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "nn/error.h"
#include "nn/io/safetensors.h"
#include "nn/io/strict_json.h"

namespace scarp::nn {
namespace {

constexpr int kDeepestHeader = 4;
constexpr std::size_t kHighestRank = 16;
constexpr std::size_t kLongestName = 4096;

using HeaderJson = nlohmann::ordered_json;

[[noreturn]] void refuse_tensor(const std::string& what, const std::string& name, const std::string& reason) {
  throw Error(Fault::unreadable, what + ": tensor \"" + name.substr(0, 100) + "\": " + reason);
}

std::uint64_t size_from(const HeaderJson& value, const std::string& what, const std::string& name) {
  constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > kLargest) {
    refuse_tensor(what, name, "sizes and offsets must be whole numbers from 0 to 2^63 - 1");
  }
  return value.get<std::uint64_t>();
}

void check_bytes(const StoredTensor& tensor, const std::string& what, const std::string& name) {
  std::uint64_t bytes = static_cast<std::uint64_t>(safetensors_item_bytes(tensor.dtype));
  for (const auto size : tensor.shape) {
    if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(size), &bytes)) {
      refuse_tensor(what, name, "its shape has more bytes than 64 bits can count");
    }
  }
  if (tensor.end < tensor.begin || tensor.end - tensor.begin != bytes) {
    refuse_tensor(what, name,
                  "its shape needs " + std::to_string(bytes) + " bytes, its offsets are " +
                      std::to_string(tensor.begin) + " to " + std::to_string(tensor.end));
  }
}

StoredTensor stored_tensor_from(const HeaderJson& entry, const std::string& what, const std::string& name) {
  if (name.size() > kLongestName) refuse_tensor(what, name, "its name is longer than 4096 bytes");
  if (!entry.is_object()) refuse_tensor(what, name, "its entry is not an object");
  StoredTensor tensor;
  const auto dtype = entry.find("dtype");
  if (dtype == entry.end() || !dtype->is_string()) refuse_tensor(what, name, "dtype must be a string");
  tensor.dtype = dtype->get<std::string>();
  if (safetensors_item_bytes(tensor.dtype) == 0) {
    refuse_tensor(what, name, "unknown dtype \"" + tensor.dtype.substr(0, 20) + "\"");
  }
  const auto shape = entry.find("shape");
  if (shape == entry.end() || !shape->is_array()) refuse_tensor(what, name, "shape must be an array");
  if (shape->size() > kHighestRank) refuse_tensor(what, name, "more than 16 dimensions");
  for (const auto& size : *shape)
    tensor.shape.push_back(static_cast<std::int64_t>(size_from(size, what, name)));
  const auto offsets = entry.find("data_offsets");
  if (offsets == entry.end() || !offsets->is_array() || offsets->size() != 2) {
    refuse_tensor(what, name, "data_offsets must be an array of two");
  }
  tensor.begin = size_from((*offsets)[0], what, name);
  tensor.end = size_from((*offsets)[1], what, name);
  check_bytes(tensor, what, name);
  return tensor;
}

void check_cover(const SafetensorsHeader& header, std::uint64_t data_bytes, const std::string& what) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  for (const auto& [name, tensor] : header.tensors) ranges.emplace_back(tensor.begin, tensor.end);
  std::sort(ranges.begin(), ranges.end());
  std::uint64_t covered = 0;
  for (const auto& [begin, end] : ranges) {
    if (begin != covered) {
      throw Error(Fault::unreadable,
                  what + ": tensors overlap or leave a gap at data byte " + std::to_string(covered));
    }
    covered = end;
  }
  if (covered != data_bytes) {
    throw Error(Fault::unreadable, what + ": the header describes " + std::to_string(covered) +
                                       " bytes of data, the file holds " + std::to_string(data_bytes) +
                                       "; it is cut short or damaged, fetch it again");
  }
}

}  // namespace

int safetensors_item_bytes(const std::string& dtype) {
  static constexpr std::array<std::pair<const char*, int>, 15> kTypes = {{{"BOOL", 1},
                                                                          {"U8", 1},
                                                                          {"I8", 1},
                                                                          {"F8_E4M3", 1},
                                                                          {"F8_E5M2", 1},
                                                                          {"I16", 2},
                                                                          {"U16", 2},
                                                                          {"F16", 2},
                                                                          {"BF16", 2},
                                                                          {"I32", 4},
                                                                          {"U32", 4},
                                                                          {"F32", 4},
                                                                          {"F64", 8},
                                                                          {"I64", 8},
                                                                          {"U64", 8}}};
  for (const auto& [name, bytes] : kTypes) {
    if (dtype == name) return bytes;
  }
  return 0;
}

std::int64_t StoredTensor::elements() const {
  return static_cast<std::int64_t>(end - begin) / safetensors_item_bytes(dtype);
}

SafetensorsHeader parse_safetensors_header(const std::string& json,
                                           std::uint64_t data_bytes,
                                           const std::string& what) {
  const auto document = parse_strict_json(json, what, kDeepestHeader);
  SafetensorsHeader header;
  for (const auto& [name, entry] : document.items()) {
    if (name != "__metadata__") {
      header.tensors.emplace(name, stored_tensor_from(entry, what, name));
      continue;
    }
    if (!entry.is_object()) throw Error(Fault::unreadable, what + ": __metadata__ is not an object");
    for (const auto& [key, value] : entry.items()) {
      if (!value.is_string()) {
        throw Error(Fault::unreadable,
                    what + ": __metadata__ \"" + key.substr(0, 100) + "\" is not a string");
      }
      header.metadata.emplace(key, value.get<std::string>());
    }
  }
  check_cover(header, data_bytes, what);
  return header;
}

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include "nn/weights/strided_copy.h"

#include <algorithm>
#include <cstring>

#include "nn/io/safetensors.h"

namespace scarp::nn {
namespace {

bool is_row_major(const TensorClaim& tensor) {
  std::int64_t expected = 1;
  for (std::size_t i = tensor.shape.size(); i-- > 0;) {
    if (tensor.shape[i] != 1 && tensor.stride[i] != expected) return false;
    expected *= tensor.shape[i];
  }
  return true;
}

}  // namespace

std::vector<std::byte> row_major(const TensorClaim& tensor, std::span<const std::byte> span) {
  const auto item = static_cast<std::size_t>(safetensors_item_bytes(tensor.dtype));
  std::vector<std::byte> out(static_cast<std::size_t>(tensor.elements) * item);
  if (out.empty()) return out;
  const std::byte* from = span.data();
  if (is_row_major(tensor)) {
    std::memcpy(out.data(), from, out.size());
    return out;
  }
  std::vector<std::int64_t> index(tensor.shape.size(), 0);
  std::int64_t place = 0;
  for (std::size_t at = 0; at < out.size(); at += item) {
    std::memcpy(out.data() + at, from + static_cast<std::size_t>(place) * item, item);
    for (std::size_t axis = index.size(); axis-- > 0;) {
      if (index[axis] + 1 < tensor.shape[axis]) {
        ++index[axis];
        place += tensor.stride[axis];
        break;
      }
      place -= tensor.stride[axis] * index[axis];  // of a single element the stride may be any
      index[axis] = 0;
    }
  }
  return out;
}

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include "nn/io/tensor_file.h"

#include <array>
#include <utility>
#include <vector>

#include <ATen/ops/empty.h>

#include "nn/error.h"

namespace scarp::nn {
namespace {

constexpr std::array<std::pair<const char*, at::ScalarType>, 10> kElementTypes = {{{"BOOL", at::kBool},
                                                                                   {"U8", at::kByte},
                                                                                   {"I8", at::kChar},
                                                                                   {"I16", at::kShort},
                                                                                   {"F16", at::kHalf},
                                                                                   {"BF16", at::kBFloat16},
                                                                                   {"I32", at::kInt},
                                                                                   {"F32", at::kFloat},
                                                                                   {"F64", at::kDouble},
                                                                                   {"I64", at::kLong}}};

at::ScalarType element_type(const std::string& dtype, const std::string& path) {
  for (const auto& [name, type] : kElementTypes) {
    if (dtype == name) return type;
  }
  throw Error(Fault::unreadable, path + ": tensors of type " + dtype + " are not supported");
}

std::string element_name(at::ScalarType type, const std::string& path) {
  for (const auto& [name, known] : kElementTypes) {
    if (type == known) return name;
  }
  throw Error(Fault::bad_argument, path + ": tensors of this element type cannot be written");
}

}  // namespace

NamedTensors read_tensors(const SafetensorsFile& file,
                          const std::function<bool(const std::string&)>& wanted) {
  NamedTensors tensors;
  for (const auto& [name, stored] : file.header().tensors) {
    if (!wanted(name)) continue;
    auto tensor = at::empty(stored.shape, at::TensorOptions().dtype(element_type(stored.dtype, file.path())));
    file.read(stored, {static_cast<std::byte*>(tensor.mutable_data_ptr()), tensor.nbytes()});
    tensors.emplace(name, std::move(tensor));
  }
  return tensors;
}

at::Tensor half_of(const at::Tensor& tensor, const std::string& name, const std::string& what) {
  if (tensor.dim() <= 1 || !tensor.is_floating_point()) return tensor;
  auto half = tensor.to(at::kHalf);
  if (half.isfinite().all().item<bool>()) return half;
  throw Error(Fault::not_finite,
              what + ": the weights " + name + " do not fit half precision: ship them as they are");
}

void write_tensors(const std::string& path,
                   const std::map<std::string, std::string>& metadata,
                   const NamedTensors& tensors) {
  std::vector<at::Tensor> rows;  // keeps the row-major copies while they are written
  std::vector<OutgoingTensor> outgoing;
  for (const auto& [name, tensor] : tensors) {
    const auto& row = rows.emplace_back(tensor.detach().to(at::kCPU).contiguous());
    outgoing.push_back({name,
                        element_name(row.scalar_type(), path),
                        row.sizes().vec(),
                        {static_cast<const std::byte*>(row.const_data_ptr()), row.nbytes()}});
  }
  write_safetensors(path, metadata, outgoing);
}

}  // namespace scarp::nn

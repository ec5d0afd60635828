// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>

#include <ATen/core/Tensor.h>

#include "nn/io/safetensors.h"

namespace scarp::nn {

using NamedTensors = std::map<std::string, at::Tensor>;

/// Tensors on the processor in their stored element type; those whose name `wanted` refuses stay on disk.
/// @throws Error (unreadable) for an element type that LibTorch does not have
NamedTensors read_tensors(const SafetensorsFile& file, const std::function<bool(const std::string&)>& wanted);

/// A weight as it is shipped in half precision. What has fewer than two dimensions (norms, their statistics,
/// biases) is small and sensitive, and stays as it is.
/// @param what  opens messages: the file's path
/// @throws Error (not_finite) for values that half precision does not hold
at::Tensor half_of(const at::Tensor& tensor, const std::string& name, const std::string& what);

/// Tensors of any device and layout, row-major in the file. Replaces an existing file, whole or not at all.
/// @throws Error (unwritable; bad_argument for an element type that is not stored)
void write_tensors(const std::string& path,
                   const std::map<std::string, std::string>& metadata,
                   const NamedTensors& tensors);

}  // namespace scarp::nn

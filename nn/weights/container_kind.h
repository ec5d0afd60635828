// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nn/io/byte_source.h"
#include "nn/weight_file.h"

namespace scarp::nn {

/// What a file begins as. What is neither a zip archive nor a pickle is left to the safetensors reader,
/// unless it is plainly something else: a web page, a text, a tar archive. The name decides one thing: what
/// is called .safetensors is read as nothing else, so that a pickle cannot come in under that name.
/// @throws FormatError (truncated, unknown_format, unsupported)
WeightContainer container_of(const ByteSource& source);

}  // namespace scarp::nn

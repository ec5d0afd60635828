// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "pipelines/vector/vector_writer.h"

namespace scarp::vector {

/// Text of others' making as every format can hold it.
VectorWriterOptions cleaned(VectorWriterOptions options);

/// @throws Error (bad_argument) if the writer of `target` has been finished
void require_open(bool open, const std::string& target);

/// @throws Error (bad_argument) if the shape is empty, or has several parts where the layer holds polygons
void require_parts(const ShapeView& shape, bool several_parts, const std::string& target);

}  // namespace scarp::vector

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pipelines/vector/attribute_fields.h"
#include "pipelines/vector/byte_buffer.h"
#include "pipelines/vector/shape.h"

namespace scarp::vector {

/// Fills `bytes` with one feature of a FlatGeobuf, with its size before it: a polygon, or where the layer
/// holds several parts, a multipolygon. Fields that are not known are left out, which is NULL.
void put_flatgeobuf_feature(ByteBuffer& bytes,
                            const ShapeView& shape,
                            bool several_parts,
                            AttributeValues& values,
                            const ObjectAttributes& attributes);

}  // namespace scarp::vector

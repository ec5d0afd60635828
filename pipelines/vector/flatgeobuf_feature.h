// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "pipelines/vector/attribute_fields.h"
#include "pipelines/vector/byte_buffer.h"
#include "pipelines/vector/shape.h"

namespace scarp::vector {

/// Appends the fields of a feature: each known value behind the number of its column. Those that are not
/// known are left out, which is NULL.
void put_flatgeobuf_fields(ByteBuffer& bytes, AttributeValues& values, const ObjectAttributes& attributes);

/// Fills `bytes` with one feature of a FlatGeobuf, with its size before it: a polygon, or where the layer
/// holds several parts, a multipolygon.
/// @param fields  as put_flatgeobuf_fields makes them
void put_flatgeobuf_feature(ByteBuffer& bytes,
                            const ShapeView& shape,
                            bool several_parts,
                            std::span<const std::uint8_t> fields);

}  // namespace scarp::vector

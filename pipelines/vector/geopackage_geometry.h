// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "pipelines/vector/byte_buffer.h"
#include "pipelines/vector/shape.h"

namespace scarp::vector {

/// Appends a GeoPackage's geometry blob (OGC 12-128r18, section 2.1.3): its header with the envelope, then
/// WKB, all little-endian: a polygon, or where the layer holds several parts, a multipolygon.
void put_geopackage_geometry(ByteBuffer& blob,
                             const ShapeView& shape,
                             const Bounds& bounds,
                             std::int32_t srs_id,
                             bool several_parts);

}  // namespace scarp::vector

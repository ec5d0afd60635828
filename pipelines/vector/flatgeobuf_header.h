// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "geo/crs.h"
#include "pipelines/vector/byte_buffer.h"
#include "pipelines/vector/shape.h"

namespace scarp::vector {

/// Values of the FlatGeobuf schema, version 3.
enum class FlatGeobufGeometry : std::uint8_t { polygon = 3, multipolygon = 6 };

struct FlatGeobufHeader {
  std::string layer;
  geo::Crs crs;
  std::map<std::string, std::string> provenance;  ///< into `metadata` as JSON
  FlatGeobufGeometry geometry = FlatGeobufGeometry::polygon;
  std::uint64_t features = 0;
  Bounds extent;                ///< of no meaning without features
  std::uint16_t node_size = 0;  ///< children of a node of the index; 0: no index
};

/// Magic bytes and header table, with the columns of kAttributeFields: the file up to its index.
void put_flatgeobuf_header(ByteBuffer& bytes, const FlatGeobufHeader& header);

}  // namespace scarp::vector

// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/shapefile_room.h"

#include <utility>

#include <fmt/format.h>

#include "pipelines/vector/attribute_fields.h"
#include "pipelines/vector/error.h"

namespace scarp::vector {
namespace {

// ESRI Shapefile Technical Description, July 1998.
constexpr std::uint64_t kHeaderBytes = 100;
constexpr std::uint64_t kRecordBytes = 8 + 44;  ///< header of the record, type, box, counts
constexpr std::uint64_t kRingBytes = 4;
constexpr std::uint64_t kPointBytes = 16;
constexpr std::uint64_t kTableFieldBytes = 32;

}  // namespace

ShapefileRoom::ShapefileRoom(std::string target, std::uint64_t table_row, std::uint64_t most_bytes)
    : target_(std::move(target)),
      table_row_(table_row),
      most_bytes_(most_bytes),
      shapes_bytes_(kHeaderBytes),
      table_bytes_(kTableFieldBytes * (1 + kAttributeFields.size()) + 2) {}

void ShapefileRoom::take(const ShapeView& shape) {
  shapes_bytes_ += kRecordBytes + kRingBytes * shape.ring_ends.size() + kPointBytes * shape.points.size();
  table_bytes_ += table_row_;
  if (shapes_bytes_ > most_bytes_ || table_bytes_ > most_bytes_) {
    throw Error(Fault::out_of_space,
                fmt::format("'{}' is full after {} polygons: a shapefile holds {} bytes; write a GeoPackage "
                            "(.gpkg) or FlatGeobuf (.fgb), or leave out small polygons",
                            target_, count_, most_bytes_));
  }
  ++count_;
}

}  // namespace scarp::vector

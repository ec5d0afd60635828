// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/geopackage_geometry.h"

namespace scarp::vector {
namespace {

constexpr std::uint8_t kLittleEndian = 1;
constexpr std::uint32_t kPolygon = 3;
constexpr std::uint32_t kMultiPolygon = 6;
/// Not empty, envelope of x and y, little-endian.
constexpr std::uint8_t kFlags = 0b00000011;

static_assert(sizeof(geo::MapPoint) == 2 * sizeof(double), "points are copied as WKB holds them");

void put_polygon(ByteBuffer& blob, const ShapeView& shape, std::uint32_t first_ring, std::uint32_t end_ring) {
  blob.put(kLittleEndian);
  blob.put(kPolygon);
  blob.put(end_ring - first_ring);
  for (std::uint32_t ring = first_ring; ring < end_ring; ++ring) {
    const std::uint32_t begin = ring == 0 ? 0 : shape.ring_ends[ring - 1];
    const std::uint32_t points = shape.ring_ends[ring] - begin;
    blob.put(points);
    blob.put_bytes(shape.points.data() + begin, points * sizeof(geo::MapPoint));
  }
}

}  // namespace

void put_geopackage_geometry(ByteBuffer& blob,
                             const ShapeView& shape,
                             const Bounds& bounds,
                             std::int32_t srs_id,
                             bool several_parts) {
  constexpr std::uint8_t kVersion = 0;
  for (const std::uint8_t byte : {std::uint8_t{'G'}, std::uint8_t{'P'}, kVersion, kFlags}) blob.put(byte);
  blob.put(srs_id);
  for (const double side : {bounds.min_x, bounds.max_x, bounds.min_y, bounds.max_y}) blob.put(side);
  if (several_parts) {
    blob.put(kLittleEndian);
    blob.put(kMultiPolygon);
    blob.put(static_cast<std::uint32_t>(shape.part_ends.size()));
  }
  std::uint32_t ring = 0;
  for (const std::uint32_t end : shape.part_ends) {
    put_polygon(blob, shape, ring, end);
    ring = end;
  }
}

}  // namespace scarp::vector

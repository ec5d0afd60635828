// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/flatgeobuf_feature.h"

#include <array>
#include <type_traits>

#include "pipelines/vector/flat_table.h"

namespace scarp::vector {
namespace {

// Numbers of fields in the schema (feature.fbs, version 3).
enum FeatureField { kGeometry, kProperties };
enum GeometryField { kEnds, kXy, kParts = 7 };

/// The polygon of some rings: all points behind each other, and where each ring ends.
std::size_t put_polygon(ByteBuffer& bytes,
                        const ShapeView& shape,
                        std::uint32_t first_ring,
                        std::uint32_t end_ring) {
  constexpr std::array<FlatField, 2> kFields = {{{kEnds, 4}, {kXy, 4}}};
  std::array<std::size_t, 2> places{};
  const std::size_t table = put_flat_table(bytes, kFields, places);
  const std::uint32_t begin = first_ring == 0 ? 0 : shape.ring_ends[first_ring - 1];
  const std::uint32_t points = shape.ring_ends[end_ring - 1] - begin;
  flat_link(bytes, places[0], put_flat_vector(bytes, end_ring - first_ring, sizeof(std::uint32_t)));
  for (std::uint32_t ring = first_ring; ring < end_ring; ++ring) bytes.put(shape.ring_ends[ring] - begin);
  flat_link(bytes, places[1], put_flat_vector(bytes, std::size_t{2} * points, sizeof(double)));
  bytes.put_bytes(shape.points.data() + begin, points * sizeof(geo::MapPoint));
  return table;
}

std::size_t put_multipolygon(ByteBuffer& bytes, const ShapeView& shape) {
  constexpr std::array<FlatField, 1> kFields = {{{kParts, 4}}};
  std::array<std::size_t, 1> place{};
  const std::size_t table = put_flat_table(bytes, kFields, place);
  flat_link(bytes, place[0], put_flat_vector(bytes, shape.part_ends.size(), 4));
  const std::size_t first = bytes.size();
  for (std::size_t part = 0; part < shape.part_ends.size(); ++part) bytes.put(std::uint32_t{0});
  std::uint32_t ring = 0;
  for (std::size_t part = 0; part < shape.part_ends.size(); ++part) {
    flat_link(bytes, first + 4 * part, put_polygon(bytes, shape, ring, shape.part_ends[part]));
    ring = shape.part_ends[part];
  }
  return table;
}

}  // namespace

void put_flatgeobuf_fields(ByteBuffer& bytes, AttributeValues& values, const ObjectAttributes& attributes) {
  std::uint16_t column = 0;
  values.visit(attributes, [&](const auto& value) {
    using Value = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<Value, std::string>) {
      bytes.put(column);
      bytes.put(static_cast<std::uint32_t>(value.size()));
      bytes.put_bytes(value.data(), value.size());
    } else if constexpr (std::is_same_v<Value, std::optional<double>>) {
      if (value) bytes.put(column);
      if (value) bytes.put(*value);
    } else {
      bytes.put(column);
      bytes.put(value);
    }
    ++column;
  });
}

void put_flatgeobuf_feature(ByteBuffer& bytes,
                            const ShapeView& shape,
                            bool several_parts,
                            std::span<const std::uint8_t> fields) {
  constexpr std::array<FlatField, 2> kFields = {{{kGeometry, 4}, {kProperties, 4}}};
  std::array<std::size_t, 2> places{};
  begin_flat_buffer(bytes);
  const std::size_t root = put_flat_table(bytes, kFields, places);
  const std::size_t geometry =
      several_parts ? put_multipolygon(bytes, shape) : put_polygon(bytes, shape, 0, shape.part_ends[0]);
  flat_link(bytes, places[0], geometry);
  flat_link(bytes, places[1], put_flat_vector(bytes, fields.size(), 1));
  bytes.put_bytes(fields.data(), fields.size());
  end_flat_buffer(bytes, root);
}

}  // namespace scarp::vector

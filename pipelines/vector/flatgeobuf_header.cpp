// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/flatgeobuf_header.h"

#include <array>
#include <charconv>
#include <vector>

#include <nlohmann/json.hpp>

#include "pipelines/vector/attribute_fields.h"
#include "pipelines/vector/flat_table.h"

namespace scarp::vector {
namespace {

constexpr std::array<std::uint8_t, 8> kMagic = {'f', 'g', 'b', 3, 'f', 'g', 'b', 0};

// Numbers of fields in the schema (header.fbs, version 3).
enum HeaderField { kName, kEnvelope, kGeometryType, kColumns = 7, kCount, kNodeSize, kCrs, kMetadata = 13 };
enum ColumnField { kColumnName, kColumnType };
enum CrsField { kOrganisation, kCode, kCrsName, kWkt = 4 };

std::uint8_t column_type(FieldType type) {
  switch (type) {
    case FieldType::boolean:
      return 2;
    case FieldType::integer:
      return 5;
    case FieldType::real:
      return 10;
    case FieldType::text:
      break;
  }
  return 11;
}

std::size_t put_column(ByteBuffer& bytes, const AttributeField& field) {
  constexpr std::array<FlatField, 2> kFields = {{{kColumnName, 4}, {kColumnType, 1}}};
  std::array<std::size_t, 2> places{};
  const std::size_t table = put_flat_table(bytes, kFields, places);
  bytes.set(places[1], column_type(field.type));
  flat_link(bytes, places[0], put_flat_string(bytes, field.name));
  return table;
}

std::size_t put_columns(ByteBuffer& bytes) {
  const std::size_t vector = put_flat_vector(bytes, kAttributeFields.size(), 4);
  const std::size_t first = bytes.size();
  for (std::size_t i = 0; i < kAttributeFields.size(); ++i) bytes.put(std::uint32_t{0});
  for (std::size_t i = 0; i < kAttributeFields.size(); ++i) {
    flat_link(bytes, first + 4 * i, put_column(bytes, kAttributeFields[i]));
  }
  return vector;
}

/// Organisation and number where there are both; name and WKT always, for systems without a number.
std::size_t put_crs(ByteBuffer& bytes, const geo::Crs& crs) {
  const std::string authority = crs.authority_code();
  const std::size_t colon = authority.find(':');
  std::int32_t code = 0;
  if (colon != std::string::npos) {
    std::from_chars(authority.data() + colon + 1, authority.data() + authority.size(), code);
  }
  std::vector<FlatField> fields = {{kCrsName, 4}, {kWkt, 4}};
  if (code != 0) fields.insert(fields.end(), {{kOrganisation, 4}, {kCode, 4}});
  std::array<std::size_t, 4> places{};
  const std::size_t table = put_flat_table(bytes, fields, places);
  flat_link(bytes, places[0], put_flat_string(bytes, crs.name()));
  flat_link(bytes, places[1], put_flat_string(bytes, crs.wkt()));
  if (code != 0) {
    flat_link(bytes, places[2], put_flat_string(bytes, authority.substr(0, colon)));
    bytes.set(places[3], code);
  }
  return table;
}

std::size_t put_envelope(ByteBuffer& bytes, const Bounds& extent) {
  const std::size_t vector = put_flat_vector(bytes, 4, sizeof(double));
  for (const double side : {extent.min_x, extent.min_y, extent.max_x, extent.max_y}) bytes.put(side);
  return vector;
}

}  // namespace

void put_flatgeobuf_header(ByteBuffer& bytes, const FlatGeobufHeader& header) {
  constexpr std::array<FlatField, 8> kFields = {{{kName, 4},
                                                 {kColumns, 4},
                                                 {kCount, 8},
                                                 {kGeometryType, 1},
                                                 {kNodeSize, 2},
                                                 {kMetadata, 4},
                                                 {kCrs, 4},
                                                 {kEnvelope, 4}}};
  ByteBuffer table;
  begin_flat_buffer(table);
  const bool known_crs = header.crs.known();
  std::vector<FlatField> fields(kFields.begin(), kFields.begin() + 6);
  if (known_crs) fields.push_back(kFields[6]);
  if (header.features > 0) fields.push_back(kFields[7]);
  std::array<std::size_t, 8> places{};
  const std::size_t root = put_flat_table(table, fields, places);
  table.set(places[2], header.features);
  table.set(places[3], static_cast<std::uint8_t>(header.geometry));
  table.set(places[4], header.node_size);
  flat_link(table, places[0], put_flat_string(table, header.layer));
  flat_link(table, places[1], put_columns(table));
  flat_link(table, places[5], put_flat_string(table, nlohmann::json(header.provenance).dump()));
  if (known_crs) flat_link(table, places[6], put_crs(table, header.crs));
  if (header.features > 0) flat_link(table, places[fields.size() - 1], put_envelope(table, header.extent));
  end_flat_buffer(table, root);
  bytes.put_bytes(kMagic.data(), kMagic.size());
  bytes.put_bytes(table.bytes().data(), table.size());
}

}  // namespace scarp::vector

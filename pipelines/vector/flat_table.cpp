// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/flat_table.h"

#include <algorithm>

namespace scarp::vector {
namespace {

constexpr std::size_t kOffsetBytes = 4;
constexpr std::size_t kPrefixBytes = 4;

std::size_t aligned(std::size_t place, std::size_t alignment) {
  return (place + alignment - 1) / alignment * alignment;
}

void put_zeros(ByteBuffer& bytes, std::size_t count) {
  std::fill_n(bytes.grow(count), count, std::uint8_t{0});
}

}  // namespace

void flat_align(ByteBuffer& bytes, std::size_t alignment, std::size_t ahead) {
  const std::size_t place = bytes.size() + ahead;
  put_zeros(bytes, aligned(place, alignment) - place);
}

std::size_t put_flat_table(ByteBuffer& bytes,
                           std::span<const FlatField> fields,
                           std::span<std::size_t> places) {
  int last = -1;
  for (const FlatField& field : fields) last = std::max(last, field.id);
  // Lengths of vtable and table, then where in the table each field of the schema is, 0 if nowhere.
  const std::size_t vtable_bytes = sizeof(std::uint16_t) * static_cast<std::size_t>(2 + last + 1);
  flat_align(bytes, 8, vtable_bytes);
  const std::size_t vtable = bytes.size();
  const std::size_t table = vtable + vtable_bytes;
  std::size_t end = table + kOffsetBytes;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto size = static_cast<std::size_t>(fields[i].bytes);
    places[i] = aligned(end, size);
    end = places[i] + size;
  }
  put_zeros(bytes, end - vtable);
  bytes.set(vtable, static_cast<std::uint16_t>(vtable_bytes));
  bytes.set(vtable + 2, static_cast<std::uint16_t>(end - table));
  for (std::size_t i = 0; i < fields.size(); ++i) {
    bytes.set(vtable + 4 + 2 * static_cast<std::size_t>(fields[i].id),
              static_cast<std::uint16_t>(places[i] - table));
  }
  bytes.set(table, static_cast<std::int32_t>(table - vtable));
  return table;
}

void flat_link(ByteBuffer& bytes, std::size_t place, std::size_t target) {
  bytes.set(place, static_cast<std::uint32_t>(target - place));
}

std::size_t put_flat_vector(ByteBuffer& bytes, std::size_t length, std::size_t element_bytes) {
  flat_align(bytes, std::max(kOffsetBytes, element_bytes), kOffsetBytes);
  const std::size_t place = bytes.size();
  bytes.put(static_cast<std::uint32_t>(length));
  return place;
}

std::size_t put_flat_string(ByteBuffer& bytes, std::string_view text) {
  const std::size_t place = put_flat_vector(bytes, text.size(), 1);
  bytes.put_bytes(text.data(), text.size());
  bytes.put(std::uint8_t{0});
  return place;
}

void begin_flat_buffer(ByteBuffer& bytes) {
  bytes.clear();
  put_zeros(bytes, kPrefixBytes + kOffsetBytes);
}

void end_flat_buffer(ByteBuffer& bytes, std::size_t root) {
  flat_align(bytes, 8);
  bytes.set(0, static_cast<std::uint32_t>(bytes.size() - kPrefixBytes));
  flat_link(bytes, kPrefixBytes, root);
}

}  // namespace scarp::vector

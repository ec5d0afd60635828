// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "pipelines/vector/byte_buffer.h"

namespace scarp::vector {

// Tables of FlatBuffers (format description of flatbuffers 2.0, "Internals"), written from front to back:
// each table behind its own vtable, what it points to behind it. The buffer begins with the size prefix, so
// that places in it are aligned as the format wants them.

struct FlatField {
  int id;     ///< in the order of the schema
  int bytes;  ///< 1, 2, 4 or 8: a number, or 4: where a table, vector or string is
};

/// Appends a table of these fields with zeros in it.
/// @param places  where each field is, to be filled with ByteBuffer::set or `flat_link`; as many as fields
/// @return where the table is
std::size_t put_flat_table(ByteBuffer& bytes,
                           std::span<const FlatField> fields,
                           std::span<std::size_t> places);

/// Makes the field at `place` point to `target`, which lies behind it.
void flat_link(ByteBuffer& bytes, std::size_t place, std::size_t target);

/// Appends zeros until the place `ahead` bytes further on is a multiple of `alignment`.
void flat_align(ByteBuffer& bytes, std::size_t alignment, std::size_t ahead = 0);

/// Appends the length of a vector whose elements, of `element_bytes` each, are to be appended next.
/// @return where the vector is
std::size_t put_flat_vector(ByteBuffer& bytes, std::size_t length, std::size_t element_bytes);

/// @return where the string is
std::size_t put_flat_string(ByteBuffer& bytes, std::string_view text);

/// Begins a buffer with its size prefix and the place of its root table.
void begin_flat_buffer(ByteBuffer& bytes);
/// Ends it: fills both.
void end_flat_buffer(ByteBuffer& bytes, std::size_t root);

}  // namespace scarp::vector

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "pipelines/vector/byte_buffer.h"
#include "pipelines/vector/shape.h"

namespace scarp::vector {

/// Fields of a feature as its file will hold them: at least this many bytes.
inline constexpr std::size_t kLeastFieldBytes = 8;

/// Appends a feature in few bytes: of each coordinate those in which it differs from that of the point
/// before. Pixel borders need a third of what the points themselves take.
void pack_feature(ByteBuffer& bytes, const ShapeView& shape, std::span<const std::uint8_t> fields);

/// A feature as it was before it was packed, bit for bit. Used again and again, it stops asking for memory.
class UnpackedFeature {
 public:
  /// @param bytes  of one feature; they must outlive this
  void unpack(std::span<const std::uint8_t> bytes);

  ShapeView shape() const { return {points_, ring_ends_, part_ends_}; }
  std::span<const std::uint8_t> fields() const { return fields_; }

 private:
  std::vector<geo::MapPoint> points_;
  std::vector<std::uint32_t> ring_ends_;
  std::vector<std::uint32_t> part_ends_;
  std::span<const std::uint8_t> fields_;
};

}  // namespace scarp::vector

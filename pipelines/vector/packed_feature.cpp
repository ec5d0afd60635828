// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/packed_feature.h"

#include <bit>
#include <cstring>

namespace scarp::vector {
namespace {

// A coordinate: a byte that says how many bytes follow (low half) and how many zeros lie below them (high
// half), and those bytes of the exclusive or with the coordinate before. Coordinates on a grid share sign,
// exponent and upper bits, and their lower ones are zeros.
constexpr std::size_t kMostBytes = 1 + sizeof(double);

std::uint8_t* put_coordinate(std::uint8_t* place, double value, double before) {
  const std::uint64_t change = std::bit_cast<std::uint64_t>(value) ^ std::bit_cast<std::uint64_t>(before);
  if (change == 0) {
    *place = 0;
    return place + 1;
  }
  const int zeros = std::countr_zero(change) / 8;
  const int bytes = 8 - std::countl_zero(change) / 8 - zeros;
  *place = static_cast<std::uint8_t>(zeros << 4 | bytes);
  const std::uint64_t kept = change >> (8 * zeros);
  std::memcpy(place + 1, &kept, sizeof(kept));
  return place + 1 + bytes;
}

/// Reads eight bytes whatever their number; the fields lie behind the last coordinate.
double take_coordinate(const std::uint8_t*& place, double before) {
  const int bytes = *place & 15;
  const int zeros = *place >> 4;
  ++place;
  if (bytes == 0) return before;
  std::uint64_t kept = 0;
  std::memcpy(&kept, place, sizeof(kept));
  place += bytes;
  kept &= ~std::uint64_t{0} >> (8 * (8 - bytes));
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(before) ^ kept << (8 * zeros));
}

const std::uint8_t* take_numbers(const std::uint8_t* place,
                                 std::vector<std::uint32_t>& numbers,
                                 std::size_t count) {
  numbers.resize(count);
  std::memcpy(numbers.data(), place, count * sizeof(std::uint32_t));
  return place + count * sizeof(std::uint32_t);
}

}  // namespace

void pack_feature(ByteBuffer& bytes, const ShapeView& shape, std::span<const std::uint8_t> fields) {
  bytes.put(static_cast<std::uint32_t>(shape.part_ends.size()));
  bytes.put_bytes(shape.part_ends.data(), shape.part_ends.size_bytes());
  bytes.put_bytes(shape.ring_ends.data(), shape.ring_ends.size_bytes());
  const std::size_t begin = bytes.size();
  std::uint8_t* const room = bytes.grow(2 * kMostBytes * shape.points.size());
  std::uint8_t* place = room;
  geo::MapPoint before;
  for (const geo::MapPoint& point : shape.points) {
    place = put_coordinate(place, point.x, before.x);
    place = put_coordinate(place, point.y, before.y);
    before = point;
  }
  bytes.cut(begin + static_cast<std::size_t>(place - room));
  bytes.put_bytes(fields.data(), fields.size());
}

void UnpackedFeature::unpack(std::span<const std::uint8_t> bytes) {
  std::uint32_t parts = 0;
  std::memcpy(&parts, bytes.data(), sizeof(parts));
  const std::uint8_t* place = take_numbers(bytes.data() + sizeof(parts), part_ends_, parts);
  place = take_numbers(place, ring_ends_, part_ends_.back());
  points_.resize(ring_ends_.back());
  geo::MapPoint before;
  for (geo::MapPoint& point : points_) {
    point.x = take_coordinate(place, before.x);
    point.y = take_coordinate(place, before.y);
    before = point;
  }
  fields_ = bytes.subspan(static_cast<std::size_t>(place - bytes.data()));
}

}  // namespace scarp::vector

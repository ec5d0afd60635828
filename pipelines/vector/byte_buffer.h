// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

namespace scarp::vector {

/// Little-endian bytes that grow at the end, to be used again and again.
class ByteBuffer {
 public:
  static_assert(std::endian::native == std::endian::little, "numbers are copied as they lie in memory");

  void clear() { size_ = 0; }
  std::size_t size() const { return size_; }
  std::span<const std::uint8_t> bytes() const { return {bytes_.data(), size_}; }

  /// Room for `size` more bytes at the end, to be filled.
  std::uint8_t* grow(std::size_t size) {
    if (size_ + size > bytes_.size()) bytes_.resize(2 * (size_ + size));
    std::uint8_t* room = bytes_.data() + size_;
    size_ += size;
    return room;
  }

  /// Lets go of what lies behind the first `size` bytes.
  void cut(std::size_t size) { size_ = size; }

  template <class Number>
  void put(Number value) {
    static_assert(std::is_arithmetic_v<Number>);
    std::memcpy(grow(sizeof(value)), &value, sizeof(value));
  }

  void put_bytes(const void* bytes, std::size_t size) {
    if (size > 0) std::memcpy(grow(size), bytes, size);
  }

  /// Overwrites a number at a place that has been filled.
  template <class Number>
  void set(std::size_t place, Number value) {
    std::memcpy(bytes_.data() + place, &value, sizeof(value));
  }

 private:
  std::vector<std::uint8_t> bytes_;
  std::size_t size_ = 0;
};

}  // namespace scarp::vector

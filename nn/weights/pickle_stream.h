// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>

#include "nn/io/byte_source.h"

namespace scarp::nn {

/// A pickle read from front to back. No length in it is believed: what is longer than the rest of the bytes
/// is refused before anything is allocated.
class PickleStream {
 public:
  static constexpr std::uint64_t kLongest = std::uint64_t{32} << 20U;  ///< bytes of one pickle

  PickleStream(const ByteSource& source, std::uint64_t begin)
      : source_(source), place_(begin), begin_(begin) {}

  /// Bytes from the source's start.
  std::uint64_t place() const noexcept { return place_; }
  const std::string& name() const noexcept { return source_.name(); }

  std::uint8_t byte();
  template <typename Number>
  Number number() {
    std::array<std::byte, sizeof(Number)> bytes;
    for (auto& each : bytes) each = static_cast<std::byte>(byte());
    return little_endian<Number>(bytes);
  }
  std::string bytes(std::uint64_t count);
  /// Up to a line feed, which is taken and not returned.
  std::string line();
  /// @throws FormatError (truncated) if fewer than `count` bytes follow
  void expect(std::uint64_t count) const;

 private:
  void fill();

  const ByteSource& source_;
  std::uint64_t place_;
  std::uint64_t begin_;
  std::string buffer_;  // from place_ - taken_ on
  std::size_t taken_ = 0;
};

}  // namespace scarp::nn

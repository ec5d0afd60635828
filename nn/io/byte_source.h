// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace scarp::nn {

/// Bytes that are read by place: a file, or memory. Readers of foreign formats see nothing else, so that they
/// can be tried on bytes that never were a file.
class ByteSource {
 public:
  ByteSource(std::string name, std::uint64_t size) : name_(std::move(name)), size_(size) {}
  virtual ~ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  /// Opens messages: the file's path.
  const std::string& name() const noexcept { return name_; }
  std::uint64_t size() const noexcept { return size_; }

  /// @throws FormatError (truncated) if the bytes are not all there, Error (unreadable) if the disk fails
  void read(std::uint64_t offset, std::span<std::byte> out) const;

 protected:
  virtual void read_within(std::uint64_t offset, std::span<std::byte> out) const = 0;

 private:
  std::string name_;
  std::uint64_t size_;
};

/// A regular file. @throws Error (missing_file, unreadable)
std::unique_ptr<ByteSource> open_file_bytes(const std::string& path);

/// Bytes that the caller keeps alive.
std::unique_ptr<ByteSource> bytes_in_memory(const std::string& name, std::span<const std::byte> bytes);

/// Little-endian number from the first bytes.
template <typename Number>
Number little_endian(std::span<const std::byte> bytes) {
  Number number = 0;
  for (std::size_t i = sizeof(Number); i-- > 0;)
    number = static_cast<Number>(static_cast<std::uint64_t>(number) << 8U |
                                 std::to_integer<std::uint64_t>(bytes[i]));
  return number;
}

}  // namespace scarp::nn

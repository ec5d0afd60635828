// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "pipelines/vector/byte_buffer.h"

namespace scarp::vector {

/// A new file of bytes. Whatever fails throws Error (unwritable, out_of_space).
class PlainFile {
 public:
  /// @param target  the output that needs it, for messages
  PlainFile(const std::string& path, std::string target);
  ~PlainFile();
  PlainFile(const PlainFile&) = delete;
  PlainFile& operator=(const PlainFile&) = delete;

  void write_at(std::uint64_t place, std::span<const std::uint8_t> bytes);
  void read_at(std::uint64_t place, std::span<std::uint8_t> bytes) const;
  /// Reports what the system has kept for the end.
  void close();

 private:
  [[noreturn]] void fail(const char* what) const;

  std::string target_;
  int file_ = -1;
};

/// Collects bytes for a part of a file that is written from its beginning to its end.
class FileTail {
 public:
  FileTail(PlainFile& file, std::uint64_t place, std::size_t buffer_bytes = std::size_t{1} << 20);

  void put(std::span<const std::uint8_t> bytes);
  void flush();
  std::uint64_t place() const { return place_ + bytes_.size(); }

 private:
  PlainFile* file_;
  std::uint64_t place_;  ///< of the first byte that is still here
  std::size_t buffer_bytes_;
  ByteBuffer bytes_;
};

}  // namespace scarp::vector

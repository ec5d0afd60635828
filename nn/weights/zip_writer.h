// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "nn/io/atomic_file.h"

namespace scarp::nn {

/// Writes a zip archive of stored entries, each beginning at a multiple of 64 bytes. Zip64 where places go
/// beyond 4 GiB; an entry itself may not.
class ZipWriter {
 public:
  explicit ZipWriter(const std::string& path) : file_(path) {}
  /// @throws Error (unwritable, bad_argument)
  void add(const std::string& name, std::span<const std::byte> data);
  /// Writes the directory; the file is there.
  void commit();

 private:
  void write(const std::string& bytes);

  AtomicFile file_;
  std::uint64_t place_ = 0;
  std::uint64_t entries_ = 0;
  std::string directory_;
};

}  // namespace scarp::nn

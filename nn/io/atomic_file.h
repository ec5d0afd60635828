// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace scarp::nn {

/// A file that appears whole or not at all: written under a temporary name in the same folder, synced,
/// renamed. Without commit() the temporary file is removed. Its permissions are those of an ordinary file;
/// the mask of the process is never touched, so that any number of threads may write.
class AtomicFile {
 public:
  /// @throws Error (unwritable)
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// @throws Error (unwritable)
  void write(std::span<const std::byte> bytes);
  /// The file is there, on the disk. @throws Error (unwritable)
  void commit();

 private:
  [[noreturn]] void fail(const std::string& doing) const;

  std::string path_;
  std::string temporary_;
  int descriptor_ = -1;
  bool committed_ = false;
};

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace scarp::nn {

/// A file that appears whole or not at all: written under a temporary name in the same folder, synced,
/// renamed. Without commit() the temporary file is removed.
class AtomicFile {
 public:
  /// @throws Error (unwritable)
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void commit();

 private:
  [[noreturn]] void fail(const std::string& doing) const;

  std::string path_;
  std::string temporary_;
  int descriptor_ = -1;
  bool committed_ = false;
};

}  // namespace scarp::nn

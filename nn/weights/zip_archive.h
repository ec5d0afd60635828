// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "nn/io/byte_source.h"

namespace scarp::nn {

struct ZipEntry {
  std::uint64_t data_begin = 0;
  std::uint64_t packed_bytes = 0;
  std::uint64_t bytes = 0;
  std::uint32_t crc = 0;
  bool deflated = false;
};

/// A zip archive as PyTorch writes them, and nothing looser: one folder at the root, no name twice or outside
/// it, no entry over another, the directory at the end, no comment. Zip64 is read; entries are stored, or
/// deflated by at most 1 : 1032, the most that the method can do, and 256 MiB.
class ZipArchive {
 public:
  /// @throws FormatError (limit_exceeded, malformed_zip, truncated, unsupported)
  explicit ZipArchive(const ByteSource& source);

  /// By name below the root folder.
  const std::map<std::string, ZipEntry>& entries() const noexcept { return entries_; }
  const ZipEntry* find(const std::string& name) const;
  /// The whole entry, its checksum compared.
  /// @throws FormatError (checksum, malformed_zip)
  std::vector<std::byte> read(const ZipEntry& entry) const;
  /// The same of an entry that is not deflated, with nothing kept.
  /// @throws FormatError (checksum)
  void check(const ZipEntry& entry) const;

 private:
  const ByteSource& source_;
  std::map<std::string, ZipEntry> entries_;
};

}  // namespace scarp::nn

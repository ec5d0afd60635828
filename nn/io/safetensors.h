// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "nn/io/byte_source.h"

namespace scarp::nn {

/// One tensor of a safetensors file: element type as the format spells it ("F32"), bytes relative to the
/// data's start.
struct StoredTensor {
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::int64_t elements() const;  ///< 0 for a type that safetensors_item_bytes does not know
};

struct SafetensorsHeader {
  std::map<std::string, StoredTensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// Bytes of an element; 0 for a type that the format does not know.
int safetensors_item_bytes(const std::string& dtype);

/// Reads the JSON header of a file with `data_bytes` bytes of data. The data must be covered exactly, without
/// overlap or hole. Memory and time are in proportion to the text; sizes above 2^63 - 1, more than 16
/// dimensions, names above 4096 bytes, any name twice and text that is not UTF-8 are refused.
/// @param what  opens messages: the file's path
/// @throws FormatError (malformed_header, limit_exceeded, out_of_bounds, size_mismatch)
SafetensorsHeader parse_safetensors_header(const std::string& json,
                                           std::uint64_t data_bytes,
                                           const std::string& what);

/// An open safetensors file. Nothing in it is believed before it is checked, nothing is allocated that the
/// file does not hold. Format: little-endian u64 header length, JSON header, row-major data.
class SafetensorsFile {
 public:
  /// @throws Error (missing_file, unreadable), FormatError
  explicit SafetensorsFile(const std::string& path);
  /// @throws FormatError
  explicit SafetensorsFile(std::unique_ptr<ByteSource> bytes);

  const std::string& path() const noexcept { return bytes_->name(); }
  const SafetensorsHeader& header() const noexcept { return header_; }
  /// @param out  exactly the tensor's bytes
  void read(const StoredTensor& tensor, std::span<std::byte> out) const;

 private:
  std::uint64_t header_length() const;

  std::unique_ptr<ByteSource> bytes_;
  std::uint64_t data_start_ = 0;
  SafetensorsHeader header_;
};

struct OutgoingTensor {
  std::string name;
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;
};

/// Writes beside `path`, syncs, renames: the file is there whole or not at all. An existing file is replaced.
/// @throws Error (unwritable)
void write_safetensors(const std::string& path,
                       const std::map<std::string, std::string>& metadata,
                       std::span<const OutgoingTensor> tensors);

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "nn/io/byte_source.h"
#include "nn/weights/zip_archive.h"

namespace scarp::nn {

struct ZipRecord {
  std::string name;
  std::uint64_t header_begin = 0;
  ZipEntry entry;
};

/// The directory at the end of a zip archive, every record compared with the header before its data.
/// @throws FormatError (limit_exceeded, malformed_zip, truncated, unsupported)
std::vector<ZipRecord> read_zip_directory(const ByteSource& source);

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "pipelines/events.h"

namespace scarp::pipelines {

/// What a file held.
struct FileHash {
  std::string path;
  std::int64_t bytes = 0;
  std::string sha256;  ///< 64 hexadecimal digits (FIPS 180-4); empty: not read
};

/// The files that inputs are made of: FILE[:LAYER] without its layer; of a dataset that GDAL opens all its
/// files (the sources of a VRT, the parts of a shapefile), but for *.aux.xml and *.ovr, which programs that
/// only look at it may add. Each once, in the order of the inputs; empty names and what is no file are left
/// out.
std::vector<std::string> files_of_inputs(std::span<const std::string> inputs);

/// Reads every file from end to end, a mebibyte at a time; also GDAL's virtual file systems on this machine.
/// Of files on other machines (/vsicurl/, /vsis3/), which may be larger than what a run reads of them, only
/// the size is noted.
/// @throws Error (contradiction) for a file that cannot be read, (cancelled)
std::vector<FileHash> hash_files(std::span<const std::string> files, Events& events, std::stop_token stop);

/// SHA-256 of bytes in memory.
std::string sha256_of(std::string_view bytes);

}  // namespace scarp::pipelines

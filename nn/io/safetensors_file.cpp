// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nn/error.h"
#include "nn/io/safetensors.h"

namespace scarp::nn {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors data are little-endian");
constexpr std::uint64_t kLongestHeader = 100'000'000;  // as the reference reader

void read_exactly(int descriptor, const std::string& path, std::uint64_t offset, std::span<std::byte> out) {
  while (!out.empty()) {
    const auto got = ::pread(descriptor, out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      throw Error(Fault::unreadable, path + ": cannot be read at byte " + std::to_string(offset) + ": " +
                                         (got < 0 ? std::strerror(errno) : "the file ends there"));
    }
    offset += static_cast<std::uint64_t>(got);
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::string& path) : path_(path) {
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) {
    const auto fault = errno == ENOENT || errno == ENOTDIR ? Fault::missing_file : Fault::unreadable;
    throw Error(fault, path + ": cannot be opened: " + std::strerror(errno));
  }
  try {
    read_header();
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

SafetensorsFile::~SafetensorsFile() {
  ::close(descriptor_);
}

void SafetensorsFile::read_header() {
  struct stat status = {};
  if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
    throw Error(Fault::unreadable, path_ + ": not a regular file");
  }
  const auto file_bytes = static_cast<std::uint64_t>(status.st_size);
  std::uint64_t header_bytes = 0;
  if (file_bytes < sizeof(header_bytes)) {
    throw Error(Fault::unreadable,
                path_ + ": not a safetensors file: it has " + std::to_string(file_bytes) + " bytes");
  }
  read_exactly(descriptor_, path_, 0, std::as_writable_bytes(std::span(&header_bytes, 1)));
  if (header_bytes > kLongestHeader || header_bytes > file_bytes - sizeof(header_bytes)) {
    throw Error(Fault::unreadable, path_ + ": not a safetensors file, or cut short: a header of " +
                                       std::to_string(header_bytes) + " bytes in a file of " +
                                       std::to_string(file_bytes));
  }
  std::string json(header_bytes, '\0');
  read_exactly(descriptor_, path_, sizeof(header_bytes), std::as_writable_bytes(std::span(json)));
  data_start_ = sizeof(header_bytes) + header_bytes;
  header_ = parse_safetensors_header(json, file_bytes - data_start_, path_);
}

void SafetensorsFile::read(const StoredTensor& tensor, std::span<std::byte> out) const {
  if (out.size() != tensor.end - tensor.begin) {
    throw Error(Fault::bad_argument, path_ + ": a tensor of " + std::to_string(tensor.end - tensor.begin) +
                                         " bytes does not fit a buffer of " + std::to_string(out.size()));
  }
  read_exactly(descriptor_, path_, data_start_ + tensor.begin, out);
}

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/plain_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "pipelines/vector/error.h"

namespace scarp::vector {

PlainFile::PlainFile(const std::string& path, std::string target) : target_(std::move(target)) {
  constexpr int kMode = 0666;
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kMode);
  if (file_ < 0) fail("created");
}

PlainFile::~PlainFile() {
  if (file_ >= 0) ::close(file_);
}

void PlainFile::write_at(std::uint64_t place, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(place));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail("written");
    place += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void PlainFile::read_at(std::uint64_t place, std::span<std::uint8_t> bytes) const {
  while (!bytes.empty()) {
    const ssize_t read = ::pread(file_, bytes.data(), bytes.size(), static_cast<off_t>(place));
    if (read < 0 && errno == EINTR) continue;
    if (read <= 0) fail("read again");
    place += static_cast<std::uint64_t>(read);
    bytes = bytes.subspan(static_cast<std::size_t>(read));
  }
}

void PlainFile::close() {
  if (::close(std::exchange(file_, -1)) != 0) fail("closed");
}

void PlainFile::fail(const char* what) const {
  const int cause = errno;
  const bool full = cause == ENOSPC || cause == EDQUOT || cause == EFBIG;
  throw Error(full ? Fault::out_of_space : Fault::unwritable,
              fmt::format("'{}' cannot be {}: {}; {}", target_, what, std::strerror(cause),
                          full ? "free some space or choose another disk" : "check the disk and the folder"));
}

FileTail::FileTail(PlainFile& file, std::uint64_t place, std::size_t buffer_bytes)
    : file_(&file), place_(place), buffer_bytes_(buffer_bytes) {}

void FileTail::put(std::span<const std::uint8_t> bytes) {
  bytes_.put_bytes(bytes.data(), bytes.size());
  if (bytes_.size() >= buffer_bytes_) flush();
}

void FileTail::flush() {
  file_->write_at(place_, bytes_.bytes());
  place_ += bytes_.size();
  bytes_.clear();
}

}  // namespace scarp::vector

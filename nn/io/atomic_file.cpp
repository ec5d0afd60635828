// SPDX-License-Identifier: Apache-2.0
#include "nn/io/atomic_file.h"

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

#include "nn/error.h"

namespace scarp::nn {
namespace {

std::string beside(const std::string& path) {
  static std::atomic<std::uint64_t> number = 0;
  return path + "." + std::to_string(::getpid()) + "-" + std::to_string(number++);
}

}  // namespace

// Not mkostemp: it makes the file private, and the mask that makes it an ordinary one again can only be asked
// for by setting it, for all threads of the process.
AtomicFile::AtomicFile(const std::string& path) : path_(path) {
  do {
    temporary_ = beside(path);
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (descriptor_ < 0 && errno == EEXIST);
  if (descriptor_ < 0) fail("created");
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!committed_) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto put = ::write(descriptor_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) fail("written");
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
}

void AtomicFile::commit() {
  if (::fsync(descriptor_) != 0) fail("synced");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail("renamed");
  committed_ = true;
  const auto folder = std::filesystem::path(path_).parent_path();
  const int handle = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle >= 0) {  // the rename itself reaches the disk; where folders cannot be synced it does so later
    ::fsync(handle);
    ::close(handle);
  }
}

void AtomicFile::fail(const std::string& doing) const {
  throw Error(Fault::unwritable, path_ + ": cannot be " + doing + ": " + std::strerror(errno));
}

}  // namespace scarp::nn

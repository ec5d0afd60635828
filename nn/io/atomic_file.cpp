// SPDX-License-Identifier: Apache-2.0
#include "nn/io/atomic_file.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include "nn/error.h"

namespace scarp::nn {

AtomicFile::AtomicFile(const std::string& path) : path_(path), temporary_(path + ".XXXXXX") {
  descriptor_ = ::mkostemp(temporary_.data(), O_CLOEXEC);
  if (descriptor_ < 0) fail("created");
  const auto mask = ::umask(0);
  ::umask(mask);
  ::fchmod(descriptor_, 0666 & ~mask);  // mkostemp makes it private; a model is an ordinary file
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

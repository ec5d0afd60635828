// SPDX-License-Identifier: Apache-2.0
#include "nn/io/byte_source.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nn/format_error.h"

namespace scarp::nn {
namespace {

class Descriptor {
 public:
  explicit Descriptor(const std::string& path)
      : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (number_ >= 0) return;
    const auto fault = errno == ENOENT || errno == ENOTDIR ? Fault::missing_file : Fault::unreadable;
    throw Error(fault, path + ": cannot be opened: " + std::strerror(errno));
  }
  ~Descriptor() { ::close(number_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

std::uint64_t size_of_regular_file(const Descriptor& file, const std::string& path) {
  struct stat status = {};
  if (::fstat(file.number(), &status) != 0 || !S_ISREG(status.st_mode))
    throw Error(Fault::unreadable, path + ": not a regular file");
  return static_cast<std::uint64_t>(status.st_size);
}

class FileBytes final : public ByteSource {
 public:
  FileBytes(const std::string& path, std::unique_ptr<Descriptor> file)
      : ByteSource(path, size_of_regular_file(*file, path)), file_(std::move(file)) {}

 protected:
  void read_within(std::uint64_t offset, std::span<std::byte> out) const override {
    while (!out.empty()) {
      const auto got = ::pread(file_->number(), out.data(), out.size(), static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) {
        throw Error(Fault::unreadable, name() + ": cannot be read at byte " + std::to_string(offset) + ": " +
                                           (got < 0 ? std::strerror(errno) : "the file ends there"));
      }
      offset += static_cast<std::uint64_t>(got);
      out = out.subspan(static_cast<std::size_t>(got));
    }
  }

 private:
  std::unique_ptr<Descriptor> file_;
};

class MemoryBytes final : public ByteSource {
 public:
  MemoryBytes(const std::string& name, std::span<const std::byte> bytes)
      : ByteSource(name, bytes.size()), bytes_(bytes) {}

 protected:
  void read_within(std::uint64_t offset, std::span<std::byte> out) const override {
    std::ranges::copy(bytes_.subspan(static_cast<std::size_t>(offset), out.size()), out.begin());
  }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace

void ByteSource::read(std::uint64_t offset, std::span<std::byte> out) const {
  if (offset > size_ || out.size() > size_ - offset) {
    throw FormatError(Defect::truncated, name_,
                      std::to_string(out.size()) + " bytes are needed at byte " + std::to_string(offset) +
                          ", the file has " + std::to_string(size_));
  }
  read_within(offset, out);
}

std::unique_ptr<ByteSource> open_file_bytes(const std::string& path) {
  return std::make_unique<FileBytes>(path, std::make_unique<Descriptor>(path));
}

std::unique_ptr<ByteSource> bytes_in_memory(const std::string& name, std::span<const std::byte> bytes) {
  return std::make_unique<MemoryBytes>(name, bytes);
}

}  // namespace scarp::nn

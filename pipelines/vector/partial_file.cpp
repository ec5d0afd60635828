// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/partial_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <fmt/format.h>

#include "pipelines/vector/error.h"

namespace scarp::vector {
namespace fs = std::filesystem;
namespace {

/// Less than this on a disk is no room: files grow by some pages at a time.
constexpr std::uint64_t kRoomBytes = std::uint64_t{64} * 1024;

/// Files that belong to an output and would contradict a new one: journals of GeoPackages, parts and indices
/// of shapefiles. The first column is the ending of the output.
struct SideFile {
  const char* ending;
  const char* side;
};
constexpr std::array<SideFile, 13> kSideFiles = {{{".gpkg", ".gpkg-wal"},
                                                  {".gpkg", ".gpkg-shm"},
                                                  {".gpkg", ".gpkg-journal"},
                                                  {".shp", ".shx"},
                                                  {".shp", ".dbf"},
                                                  {".shp", ".prj"},
                                                  {".shp", ".cpg"},
                                                  {".shp", ".qix"},
                                                  {".shp", ".sbn"},
                                                  {".shp", ".sbx"},
                                                  {".shp", ".idm"},
                                                  {".shp", ".ind"},
                                                  {".shp", ".qpj"}}};

std::vector<fs::path> side_files(const fs::path& target) {
  std::vector<fs::path> found;
  for (const SideFile& side : kSideFiles) {
    if (target.extension() != side.ending) continue;
    fs::path path = target;
    path.replace_extension(side.side);
    if (fs::exists(path)) found.push_back(path);
  }
  return found;
}

fs::path folder_of(const fs::path& target) {
  return target.has_parent_path() ? target.parent_path() : fs::path(".");
}

void require_folder(const fs::path& target) {
  const fs::path folder = folder_of(target);
  std::error_code unreadable;
  if (!fs::is_directory(folder, unreadable)) {
    throw Error(Fault::unwritable,
                fmt::format("'{}' cannot be written: there is no folder '{}'; create it first",
                            target.string(), folder.string()));
  }
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    throw Error(
        Fault::unwritable,
        fmt::format("'{}' cannot be written into folder '{}' ({}); change its permissions or choose another",
                    target.string(), folder.string(), std::strerror(errno)));
  }
}

[[noreturn]] void fail(const char* what, const fs::path& path) {
  const int cause = errno;
  const bool full = cause == ENOSPC || cause == EDQUOT || cause == EFBIG;
  throw Error(full ? Fault::out_of_space : Fault::unwritable,
              fmt::format("'{}' cannot be {}: {}{}", path.string(), what, std::strerror(cause),
                          full ? "; free some space or choose another disk" : ""));
}

void sync_to_disk(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) fail("opened", path);
  const bool synced = ::fsync(file) == 0;
  const int cause = errno;
  ::close(file);
  errno = cause;
  // Some network folders cannot be synced.
  if (!synced && cause != EINVAL && cause != ENOTSUP) fail("brought to the disk", path);
}

fs::path make_temporary_folder(const fs::path& target) {
  std::string name =
      (folder_of(target) / fmt::format(".{}.partial-{}-XXXXXX", target.stem().string(), ::getpid())).string();
  if (::mkdtemp(name.data()) == nullptr) fail("written: no temporary folder can be made beside it", target);
  return name;
}

}  // namespace

PartialFile::PartialFile(const std::string& target, bool overwrite) : target_(target), overwrite_(overwrite) {
  if (target_.stem().empty()) {
    throw Error(Fault::bad_argument, fmt::format("'{}' is not the name of a file", target));
  }
  require_folder(target_);
  refuse_existing();
  folder_ = make_temporary_folder(target_);
  path_ = (folder_ / target_.filename()).string();
}

PartialFile::~PartialFile() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void PartialFile::refuse_existing() const {
  if (fs::is_directory(target_)) {
    throw Error(Fault::already_exists,
                fmt::format("'{}' is a folder; choose another name", target_.string()));
  }
  if (overwrite_) return;
  std::vector<fs::path> there = side_files(target_);
  for (const fs::path& part : parts()) {
    const fs::path final_name = folder_of(target_) / part.filename();
    if (fs::exists(final_name)) there.push_back(final_name);
  }
  if (fs::exists(target_)) there.insert(there.begin(), target_);
  if (there.empty()) return;
  throw Error(Fault::already_exists,
              fmt::format("'{}' exists already; choose another name or allow it to be overwritten",
                          there.front().string()));
}

std::vector<fs::path> PartialFile::parts() const {
  std::vector<fs::path> found;
  std::error_code unreadable;
  for (const auto& entry : fs::directory_iterator(folder_, unreadable)) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

void PartialFile::publish() {
  std::vector<fs::path> written = parts();
  // The file that was asked for gets its name last: whoever sees it sees all of it.
  std::stable_partition(written.begin(), written.end(), [&](const fs::path& part) { return part != path_; });
  for (const fs::path& part : written) sync_to_disk(part);
  refuse_existing();
  for (const fs::path& stale : side_files(target_)) {
    const bool replaced = fs::exists(folder_ / stale.filename());
    if (!replaced) fs::remove(stale);
  }
  for (const fs::path& part : written) {
    const fs::path final_name = folder_of(target_) / part.filename();
    if (::rename(part.c_str(), final_name.c_str()) != 0) fail("renamed", final_name);
  }
  sync_to_disk(folder_of(target_));
  std::error_code ignored;
  fs::remove(folder_, ignored);
}

bool PartialFile::no_room() const {
  struct statvfs disk = {};
  return ::statvfs(folder_of(target_).c_str(), &disk) == 0 &&
         static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize < kRoomBytes;
}

}  // namespace scarp::vector

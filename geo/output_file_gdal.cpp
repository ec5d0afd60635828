// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/statvfs.h>
#include <system_error>
#include <unistd.h>

#include <cpl_vsi.h>

#include "geo/error.h"
#include "geo/gdal_messages.h"
#include "geo/output_file.h"
#include "geo/raster_writer_gdal.h"

namespace scarp::geo {
namespace {

bool is_virtual(const std::string& path) {
  return path.starts_with("/vsi");
}

bool exists(const std::string& path) {
  VSIStatBufL status;
  return VSIStatExL(path.c_str(), &status, VSI_STAT_EXISTS_FLAG) == 0;
}

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

std::string temporary_name(const std::string& path, const std::string& tag) {
  const std::filesystem::path whole(path);
  const std::string name = "." + whole.stem().string() + ".partial-" + tag + std::to_string(::getpid()) +
                           whole.extension().string();
  return (whole.parent_path() / name).string();
}

/// Brings a file's bytes to the disk, so that a rename cannot come before them.
void sync_to_disk(const std::string& path) {
  if (is_virtual(path)) return;
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const int failed = file < 0 || ::fsync(file) != 0 ? errno : 0;
  if (file >= 0) ::close(file);
  if (failed != 0) {
    const bool full = failed == ENOSPC || failed == EDQUOT;
    throw Error(full ? Fault::out_of_space : Fault::unwritable,
                path + " cannot be brought to the disk: " + std::strerror(failed));
  }
}

bool disk_is_full(const std::string& path) {
  constexpr unsigned long long kNearlyNothing = 1 << 20;
  struct statvfs disk = {};
  if (is_virtual(path) || ::statvfs(folder_of(path).c_str(), &disk) != 0) return false;
  return static_cast<unsigned long long>(disk.f_bavail) * disk.f_frsize < kNearlyNothing;
}

bool tells_of_space(const std::string& text) {
  for (const char* phrase :
       {"No space left", "File too large", "Disk quota exceeded", "disk space", "disk is full"}) {
    if (text.find(phrase) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

void require_writable(const std::string& path, bool overwrite) {
  if (path.empty()) throw Error(Fault::bad_argument, "an output needs a file name");
  if (!overwrite && exists(path)) {
    throw Error(Fault::already_exists, path + " exists already; choose another name or ask to overwrite it");
  }
  if (is_virtual(path)) return;
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    throw Error(Fault::unwritable, path + " is a folder; name a file in it");
  }
  const std::string folder = folder_of(path);
  if (!std::filesystem::is_directory(folder, ignored)) {
    throw Error(Fault::unwritable,
                path + " cannot be written: there is no folder " + folder + "; make it first");
  }
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    throw Error(Fault::unwritable, path + " cannot be written: the folder " + folder +
                                       " is not writable; choose another or change its permissions");
  }
}

OutputFile::OutputFile(const std::string& path, bool overwrite) : path_(path) {
  require_writable(path, overwrite);
  temporary_ = temporary_name(path, "");
}

OutputFile::~OutputFile() {
  remove_all();
}

std::string OutputFile::scratch() const {
  return temporary_name(path_, "scratch-");
}

void OutputFile::remove_all() const {
  const GdalMessages quiet;
  for (const std::string& name : {temporary_, scratch()}) {
    if (committed_ && name == temporary_) continue;
    for (const char* ending :
         {"", ".aux.xml", ".msk", ".ovr", ".ovr.tmp", ".msk.ovr.tmp", "-journal", "-wal", "-shm"}) {
      if (exists(name + ending)) VSIUnlink((name + ending).c_str());
    }
  }
}

void OutputFile::commit() {
  const GdalMessages messages;
  sync_to_disk(temporary_);
  errno = 0;
  if (VSIRename(temporary_.c_str(), path_.c_str()) != 0) refuse_write(path_, messages, errno);
  const std::string side = path_ + ".aux.xml";
  const std::string temporary_side = temporary_ + ".aux.xml";
  if (exists(side)) VSIUnlink(side.c_str());
  if (exists(temporary_side) && VSIRename(temporary_side.c_str(), side.c_str()) != 0)
    refuse_write(side, messages, errno);
  committed_ = true;
  remove_all();
}

void refuse_write(const std::string& path, const GdalMessages& messages, int error_number) {
  const bool full = error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG ||
                    tells_of_space(messages.first()) || disk_is_full(path);
  if (full) {
    throw Error(Fault::out_of_space, path + " cannot be completed: no space is left for it" +
                                         messages.as_reason() + "; free some or write elsewhere");
  }
  throw Error(Fault::unwritable, path + " cannot be written" + messages.as_reason() +
                                     "; check the folder, the disk and the options");
}

}  // namespace scarp::geo

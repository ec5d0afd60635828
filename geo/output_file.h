// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace scarp::geo {

/// A file in the making: it has a temporary name beside its place until it is complete, and is removed, with
/// what drivers put beside it, if it never is. /vsi paths work too.
class OutputFile {
 public:
  /// @throws Error (already_exists, unwritable)
  OutputFile(const std::string& path, bool overwrite);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  const std::string& path() const { return path_; }            ///< its place
  const std::string& temporary() const { return temporary_; }  ///< its name until then, with the same ending
  /// Another temporary name beside it, removed with it.
  std::string scratch() const;
  /// Syncs the temporary file to the disk and gives it its name, its .aux.xml too.
  void commit();

 private:
  void remove_all() const;
  std::string path_;
  std::string temporary_;
  bool committed_ = false;
};

class GdalMessages;

/// Throws what a failed write means: the disk is full, or the file cannot be written.
/// @param error_number  errno right after the failure
[[noreturn]] void refuse_write(const std::string& path, const GdalMessages& messages, int error_number);

}  // namespace scarp::geo

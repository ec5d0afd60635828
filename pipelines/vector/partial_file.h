// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace scarp::vector {

/// An output of one or several files (a shapefile has up to six) in a temporary folder of its own beside the
/// target, `.NAME.partial-PID-XXXXXX`, until it is published. Destroyed before, it leaves nothing behind. Any
/// number of them may be under way at once, in one process or many, for one target or several of the same
/// stem.
class PartialFile {
 public:
  /// @throws Error (already_exists) if there is such a file and `overwrite` is off, (unwritable) if the
  /// folder is missing
  ///         or cannot be written
  PartialFile(const std::string& target, bool overwrite);
  ~PartialFile();
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  /// Where to write.
  const std::string& path() const { return path_; }
  /// Brings what was written to the disk and gives it its name; a replaced output is removed with its side
  /// files.
  /// @throws Error (already_exists, unwritable, out_of_space)
  void publish();
  /// Whether the disk is full.
  bool no_room() const;

 private:
  std::vector<std::filesystem::path> parts() const;
  void refuse_existing() const;

  std::filesystem::path target_;
  std::filesystem::path folder_;  ///< the temporary one
  std::string path_;
  bool overwrite_ = false;
};

}  // namespace scarp::vector

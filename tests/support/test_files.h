// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

namespace scarp::test {

/// A folder of its own for one test, removed with what is in it.
class TempFolder {
 public:
  TempFolder() {
    static int counter = 0;
    path_ = std::filesystem::path(testing::TempDir()) /
            ("scarp-" + std::to_string(::getpid()) + "-" + std::to_string(counter++));
    std::filesystem::create_directories(path_);
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  std::string file(const std::string& name) const { return (path_ / name).string(); }
  const std::filesystem::path& path() const { return path_; }
  int entries() const {
    int count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(path_)) ++count;
    return count;
  }

 private:
  std::filesystem::path path_;
};

inline void write_text(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
}

/// The folder of real data, or empty: the test is then to be skipped. Where CI is true, its absence is a
/// failure.
inline std::string real_data(const std::string& relative) {
  const char* root = std::getenv("SCARP_DATA_DIR");
  const std::string path = std::string(root != nullptr ? root : "../shared/data") + "/" + relative;
  if (std::filesystem::exists(path)) return path;
  const char* ci = std::getenv("CI");
  if (ci != nullptr && std::string(ci) == "true") ADD_FAILURE() << path << " is not there, and CI is true";
  return "";
}

}  // namespace scarp::test

/// Names a file of the real data, or skips the test, saying so.
#define SCARP_REAL_DATA(variable, relative)                      \
  const std::string variable = scarp::test::real_data(relative); \
  if ((variable).empty()) GTEST_SKIP() << "no " << (relative) << " in the folder SCARP_DATA_DIR"

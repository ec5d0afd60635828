// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

namespace scarp::test {

/// A file of the golden vectors, or empty: the test is then to be skipped. Where CI is true, its absence is a
/// failure.
inline std::string golden_file(const std::string& relative) {
  const char* root = std::getenv("SCARP_GOLDEN_DIR");
  const std::string path = std::string(root != nullptr ? root : "../shared/golden") + "/" + relative;
  if (std::filesystem::exists(path)) return path;
  const char* ci = std::getenv("CI");
  if (ci != nullptr && std::string(ci) == "true") ADD_FAILURE() << path << " is not there, and CI is true";
  return "";
}

}  // namespace scarp::test

/// Names a golden file, or skips the test, saying so.
#define SCARP_GOLDEN(variable, relative)                           \
  const std::string variable = scarp::test::golden_file(relative); \
  if ((variable).empty()) GTEST_SKIP() << "no " << (relative) << " in the folder SCARP_GOLDEN_DIR"

// SPDX-License-Identifier: Apache-2.0
#include "nn/io/atomic_file.h"

#include <atomic>
#include <fstream>
#include <set>
#include <string_view>
#include <sys/stat.h>
#include <thread>

#include <gtest/gtest.h>

#include "nn/error.h"
#include "tests/support/test_files.h"

namespace scarp::nn {
namespace {

void write_whole(const std::string& path, std::string_view text) {
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(text)));
  file.commit();
}

/// The mask of the process, set for a test.
class Mask {
 public:
  explicit Mask(mode_t mask) : before_(::umask(mask)) {}
  ~Mask() { ::umask(before_); }
  Mask(const Mask&) = delete;
  Mask& operator=(const Mask&) = delete;

 private:
  mode_t before_;
};

TEST(AtomicFile, LeavesTheOldFileWhereItIsNotFinished) {
  const test::TempFolder folder;
  const std::string path = folder.file("model");
  test::write_text(path, "old");
  {
    AtomicFile file(path);
    file.write(std::as_bytes(std::span(std::string_view("new"))));
  }
  std::string text;
  std::ifstream(path) >> text;
  EXPECT_EQ(text, "old");
  EXPECT_EQ(folder.entries(), 1);
}

TEST(AtomicFile, HasThePermissionsOfAnOrdinaryFile) {
  const test::TempFolder folder;
  const Mask mask(027);
  write_whole(folder.file("model"), "new");
  struct stat status = {};
  ASSERT_EQ(::stat(folder.file("model").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640);
}

std::string mask_of_this_process() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word && word != "Umask:") continue;
  status >> word;
  return word;
}

// The mask belongs to all threads: what another one creates while it is set to ask for it is open to
// everybody, and two that ask at once lose it.
TEST(AtomicFile, LeavesTheMaskOfTheProcessAlone) {
  const test::TempFolder folder;
  const Mask mask(027);
  std::atomic<bool> looked_at = false;
  std::jthread writer([&] {
    while (!looked_at) AtomicFile(folder.file("model"));
  });
  std::set<std::string> masks;
  for (int i = 0; i < 20'000; ++i) masks.insert(mask_of_this_process());
  looked_at = true;
  writer.join();
  EXPECT_EQ(masks, std::set<std::string>{"0027"});
  EXPECT_EQ(folder.entries(), 0);
}

TEST(AtomicFile, SaysThatItsFolderIsMissing) {
  try {
    AtomicFile file("/nowhere/model");
    ADD_FAILURE() << "not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::unwritable);
    EXPECT_STREQ(error.what(), "/nowhere/model: cannot be created: No such file or directory");
  }
}

}  // namespace
}  // namespace scarp::nn

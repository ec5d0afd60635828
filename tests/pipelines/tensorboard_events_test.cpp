// SPDX-License-Identifier: Apache-2.0
#include "pipelines/runs/tensorboard_events.h"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <map>
#include <sstream>
#include <sys/resource.h>
#include <vector>

#include <gtest/gtest.h>

#include "pipelines/error.h"
#include "tests/support/test_files.h"

namespace scarp::pipelines {
namespace {

std::string file_text(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

/// Bit by bit, from the polynomial x^32 + x^28 + ... of RFC 3720, without a table.
std::uint32_t slow_crc32c(const std::string& bytes) {
  std::uint32_t crc = ~0U;
  for (const char c : bytes) {
    for (int bit = 0; bit < 8; ++bit) {
      const bool out = ((crc ^ (static_cast<unsigned char>(c) >> bit)) & 1U) != 0;
      crc = (crc >> 1) ^ (out ? 0x82F63B78U : 0U);
    }
  }
  return ~crc;
}

std::uint64_t unsigned_at(const std::string& bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data() + at, size);
  return value;
}

std::uint64_t masked(std::uint32_t crc) {
  return ((crc >> 15 | crc << 17) + 0xA282EAD8U) & 0xFFFFFFFFU;
}

/// The records of a file; checksums are verified.
std::vector<std::string> records(const std::string& path) {
  const std::string bytes = file_text(path);
  std::vector<std::string> found;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto size = static_cast<std::size_t>(unsigned_at(bytes, at, 8));
    EXPECT_EQ(unsigned_at(bytes, at + 8, 4), masked(slow_crc32c(bytes.substr(at, 8))));
    found.push_back(bytes.substr(at + 12, size));
    EXPECT_EQ(unsigned_at(bytes, at + 12 + size, 4), masked(slow_crc32c(found.back())));
    at += 16 + size;
  }
  return found;
}

/// Field number to payload: a varint as its decimal digits, all else as bytes.
std::map<int, std::string> fields(const std::string& message) {
  std::map<int, std::string> found;
  std::size_t at = 0;
  const auto varint = [&] {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(message.at(at++));
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.size()) {
    const std::uint64_t key = varint();
    std::string payload;
    if ((key & 7) == 0) {
      payload = std::to_string(varint());
    } else {
      const std::size_t size = (key & 7) == 1 ? 8 : (key & 7) == 5 ? 4 : static_cast<std::size_t>(varint());
      payload = message.substr(at, size);
      at += size;
    }
    found[static_cast<int>(key >> 3)] = payload;
  }
  return found;
}

template <typename T>
T number(const std::string& bytes) {
  T value;
  EXPECT_EQ(bytes.size(), sizeof value);
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

double noon() {
  return 1750000000.25;
}

TEST(Crc32c, GivesTheAnswersOfRfc3720) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43U);
  std::string ascending;
  for (int i = 0; i < 32; ++i) ascending += static_cast<char>(i);
  EXPECT_EQ(crc32c(ascending), 0x46DD794EU);
  EXPECT_EQ(crc32c(""), 0U);
}

TEST(TensorboardLog, WritesScalarsThatAnIndependentReaderUnderstands) {
  const test::TempFolder folder;
  TensorboardLog log(folder.file("events"), 0, noon);
  log.scalar("train/loss", 300, 0.5);
  const std::vector<std::string> found = records(log.path());
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(fields(found[0])[3], "brain.Event:2");
  EXPECT_EQ(fields(fields(found[1])[7])[1], "1") << "start of a session";
  std::map<int, std::string> event = fields(found[2]);
  EXPECT_EQ(number<double>(event[1]), noon());
  EXPECT_EQ(event[2], "300");
  std::map<int, std::string> value = fields(fields(event[5])[1]);
  EXPECT_EQ(value[1], "train/loss");
  EXPECT_EQ(number<float>(value[2]), 0.5F);
}

TEST(TensorboardLog, IsOnDiskAfterEveryScalar) {
  const test::TempFolder folder;
  TensorboardLog log(folder.file("events"), 0, noon);
  const std::size_t before = records(log.path()).size();
  log.scalar("loss", 1, 1);
  EXPECT_EQ(records(log.path()).size(), before + 1);
}

TEST(TensorboardLog, BeginsAFileAtEveryStartThatSortsAfterTheOthers) {
  const test::TempFolder folder;
  const std::string events = folder.file("events");
  const std::string first = TensorboardLog(events, 0, noon).path();
  const std::string same_second = TensorboardLog(events, 10, noon).path();
  const std::string clock_set_back = TensorboardLog(events, 20, [] { return 5.0; }).path();
  EXPECT_LT(first, same_second);
  EXPECT_LT(same_second, clock_set_back);
  EXPECT_EQ(fields(records(clock_set_back)[1])[2], "20");
}

TEST(TensorboardLog, RefusesAFolderThatCannotBeMade) {
  const test::TempFolder folder;
  test::write_text(folder.file("file"), "");
  try {
    TensorboardLog log(folder.file("file"), 0, noon);
    ADD_FAILURE() << "not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::unwritable);
    EXPECT_NE(std::string(error.what()).find("choose another folder"), std::string::npos);
  }
}

/// While it lives, no file of this process grows beyond a size: a disk that is full.
class SmallDisk {
 public:
  explicit SmallDisk(rlim_t bytes) : signal_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit = {bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~SmallDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, signal_);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

 private:
  void (*signal_)(int);
  rlimit before_ = {};
};

TEST(TensorboardLog, SaysThatTheDiskIsFull) {
  const test::TempFolder folder;
  TensorboardLog log(folder.file("events"), 0, noon);
  std::string said;
  {
    const SmallDisk disk(120);
    try {
      for (int step = 0; step < 10; ++step) log.scalar("loss", step, 1);
    } catch (const Error& error) {
      said = error.what();
    }
  }
  EXPECT_NE(said.find("is the disk full?"), std::string::npos) << said;
}

/// Runs Python code with the reader that TensorBoard itself uses; its standard output.
std::string python(const std::string& code) {
  const char* interpreter = std::getenv("SCARP_TENSORBOARD_PYTHON");
  const std::string command =
      std::string(interpreter != nullptr ? interpreter : "python3") + " -c '" + code + "' 2>/dev/null";
  std::string out;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) out += static_cast<char>(c);
  ::pclose(pipe);
  return out;
}

TEST(TensorboardLog, IsReadByTheStockReaderAlsoAfterAResumeThatRepeatsSteps) {
  const std::string import =
      "from tensorboard.backend.event_processing.event_accumulator import EventAccumulator\n";
  if (python(import + "print(1)") != "1\n")
    GTEST_SKIP() << "no tensorboard in Python; SCARP_TENSORBOARD_PYTHON names one that has it";
  const test::TempFolder folder;
  const std::string events = folder.file("events");
  {
    TensorboardLog log(events, 0, noon);
    for (int step = 1; step <= 4; ++step) log.scalar("loss", step, step);
  }
  {
    TensorboardLog log(events, 3, noon);  // stopped after step 4, the last checkpoint is of step 2
    for (int step = 3; step <= 5; ++step) log.scalar("loss", step, 10 + step);
  }
  EXPECT_EQ(python(import + "log = EventAccumulator(\"" + events +
                   "\").Reload()\n"
                   "print([(e.step, e.value, e.wall_time) for e in log.Scalars(\"loss\")])"),
            "[(1, 1.0, 1750000000.25), (2, 2.0, 1750000000.25), (3, 13.0, 1750000000.25), "
            "(4, 14.0, 1750000000.25), (5, 15.0, 1750000000.25)]\n");
}

}  // namespace
}  // namespace scarp::pipelines

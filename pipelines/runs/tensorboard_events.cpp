// SPDX-License-Identifier: Apache-2.0
#include "pipelines/runs/tensorboard_events.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <chrono>
#include <filesystem>

#include <fmt/format.h>

#include "pipelines/error.h"

namespace scarp::pipelines {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPrefix = "events.out.tfevents.";
constexpr std::string_view kFileVersion = "brain.Event:2";

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table = {};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82F63B78U : 0U);
    table[byte] = crc;
  }
  return table;
}
constexpr std::array<std::uint32_t, 256> kCrcTable = make_crc_table();

/// TFRecord stores checksums turned and shifted, because a checksum of data that holds checksums is weak.
std::uint32_t masked_crc32c(std::string_view bytes) {
  return std::rotr(crc32c(bytes), 15) + 0xA282EAD8U;
}

template <typename T>
void append_little_endian(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) out += static_cast<char>(value >> 8 * i & 0xFF);
}

/// The few wire types of protobuf (protobuf.dev, "Encoding") that tensorflow/core/util/event.proto needs.
class Message {
 public:
  Message& varint(int field, std::int64_t value) {
    key(field, 0);
    raw_varint(static_cast<std::uint64_t>(value));
    return *this;
  }
  Message& fixed(int field, double value) {
    key(field, 1);
    append_little_endian(bytes_, std::bit_cast<std::uint64_t>(value));
    return *this;
  }
  Message& fixed(int field, float value) {
    key(field, 5);
    append_little_endian(bytes_, std::bit_cast<std::uint32_t>(value));
    return *this;
  }
  Message& bytes(int field, std::string_view value) {
    key(field, 2);
    raw_varint(value.size());
    bytes_ += value;
    return *this;
  }
  const std::string& text() const { return bytes_; }

 private:
  void key(int field, int wire_type) { raw_varint(static_cast<std::uint64_t>(field << 3 | wire_type)); }
  void raw_varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>((value & 0x7F) | 0x80);
    bytes_ += static_cast<char>(value);
  }
  std::string bytes_;
};

Message event(double wall_time, std::int64_t step) {
  constexpr int kWallTime = 1, kStep = 2;
  return Message().fixed(kWallTime, wall_time).varint(kStep, step);
}

/// Seconds in the name of an event file; -1 if it is none.
std::int64_t seconds_of(const std::string& name) {
  std::int64_t seconds = -1;
  if (name.starts_with(kPrefix))
    std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), seconds);
  return seconds;
}

/// A name that sorts after those of earlier starts, also where two begin in one second or the clock was set
/// back.
std::string next_file(const std::string& folder, double now) {
  auto seconds = static_cast<std::int64_t>(now);
  for (const auto& entry : fs::directory_iterator(folder))
    seconds = std::max(seconds, seconds_of(entry.path().filename().string()) + 1);
  return fmt::format("{}/{}{:010}.scarp", folder, kPrefix, seconds);
}

[[noreturn]] void refuse(const std::string& path, const std::string& remedy) {
  throw Error(Fault::unwritable, fmt::format("{} cannot be written: {}", path, remedy));
}

}  // namespace

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : bytes) crc = crc >> 8 ^ kCrcTable[(crc ^ static_cast<unsigned char>(c)) & 0xFF];
  return ~crc;
}

TensorboardLog::TensorboardLog(const std::string& folder, std::int64_t first_step, Clock clock)
    : clock_(std::move(clock)) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!fs::is_directory(folder, error)) refuse(folder, "choose another folder with -o.");
  path_ = next_file(folder, clock_());
  file_.open(path_, std::ios::binary);
  if (!file_) refuse(path_, "choose another folder with -o.");
  constexpr int kVersion = 3, kSession = 7, kStatus = 1, kStart = 1;
  record(event(clock_(), 0).bytes(kVersion, kFileVersion).text());
  record(event(clock_(), first_step).bytes(kSession, Message().varint(kStatus, kStart).text()).text());
}

void TensorboardLog::scalar(std::string_view tag, std::int64_t step, double value) {
  constexpr int kSummary = 5, kValue = 1, kTag = 1, kSimpleValue = 2;
  const Message scalar = Message().bytes(kTag, tag).fixed(kSimpleValue, static_cast<float>(value));
  record(event(clock_(), step).bytes(kSummary, Message().bytes(kValue, scalar.text()).text()).text());
}

void TensorboardLog::record(std::string_view event) {
  std::string framed;
  append_little_endian(framed, static_cast<std::uint64_t>(event.size()));
  append_little_endian(framed, masked_crc32c(framed));
  framed += event;
  append_little_endian(framed, masked_crc32c(event));
  file_.write(framed.data(), static_cast<std::streamsize>(framed.size())).flush();
  if (!file_) refuse(path_, "is the disk full?");
}

}  // namespace scarp::pipelines

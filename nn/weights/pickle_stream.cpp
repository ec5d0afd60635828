// SPDX-License-Identifier: Apache-2.0
#include "nn/weights/pickle_stream.h"

#include <algorithm>

#include "nn/format_error.h"

namespace scarp::nn {
namespace {

constexpr std::uint64_t kChunk = 1U << 16U;
constexpr std::size_t kLongestLine = 4096;

}  // namespace

void PickleStream::expect(std::uint64_t count) const {
  if (count > source_.size() - place_) {
    throw FormatError(Defect::truncated, name(),
                      "the pickle needs " + std::to_string(count) + " bytes at byte " +
                          std::to_string(place_) + ", " + std::to_string(source_.size() - place_) +
                          " are left");
  }
  if (place_ - begin_ + count > kLongest)
    throw FormatError(Defect::limit_exceeded, name(), "a pickle of more than 32 MiB");
}

void PickleStream::fill() {
  expect(1);
  buffer_.resize(static_cast<std::size_t>(std::min(kChunk, source_.size() - place_)));
  source_.read(place_, std::as_writable_bytes(std::span(buffer_)));
  taken_ = 0;
}

std::uint8_t PickleStream::byte() {
  if (taken_ == buffer_.size()) fill();
  ++place_;
  return static_cast<std::uint8_t>(buffer_[taken_++]);
}

std::string PickleStream::bytes(std::uint64_t count) {
  expect(count);
  std::string out(static_cast<std::size_t>(count), '\0');
  for (auto& each : out) each = static_cast<char>(byte());
  return out;
}

std::string PickleStream::line() {
  std::string out;
  for (char each = static_cast<char>(byte()); each != '\n'; each = static_cast<char>(byte())) {
    if (out.size() == kLongestLine)
      throw FormatError(Defect::limit_exceeded, name(), "a line of a pickle is longer than 4096 bytes");
    out += each;
  }
  return out;
}

}  // namespace scarp::nn

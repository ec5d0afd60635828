// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <bit>

#include "nn/format_error.h"
#include "nn/io/safetensors.h"

namespace scarp::nn {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors data are little-endian");
constexpr std::uint64_t kLongestHeader = 100'000'000;  // as the reference reader
constexpr std::uint64_t kLengthBytes = 8;

bool begins_as_pickle(std::uint64_t length) {
  const auto protocol = length >> 8U & 0xFFU;
  return (length & 0xFFU) == 0x80 && protocol >= 2 && protocol <= 5;
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::string& path) : SafetensorsFile(open_file_bytes(path)) {}

SafetensorsFile::SafetensorsFile(std::unique_ptr<ByteSource> bytes) : bytes_(std::move(bytes)) {
  std::string json(header_length(), '\0');
  bytes_->read(kLengthBytes, std::as_writable_bytes(std::span(json)));
  data_start_ = kLengthBytes + json.size();
  header_ = parse_safetensors_header(json, bytes_->size() - data_start_, bytes_->name());
}

std::uint64_t SafetensorsFile::header_length() const {
  if (bytes_->size() < kLengthBytes) {
    throw FormatError(Defect::truncated, path(),
                      "a safetensors file begins with eight bytes of length, this one has " +
                          std::to_string(bytes_->size()) + " bytes in all");
  }
  std::array<std::byte, kLengthBytes> first = {};
  bytes_->read(0, first);
  const auto length = little_endian<std::uint64_t>(first);
  if (length > kLongestHeader && begins_as_pickle(length))
    throw FormatError(Defect::malformed_header, path(), "it begins as a pickle, not as a safetensors file");
  if (length > kLongestHeader) {
    throw FormatError(
        Defect::limit_exceeded, path(),
        "a header of " + std::to_string(length) + " bytes, the most is " + std::to_string(kLongestHeader));
  }
  if (length > bytes_->size() - kLengthBytes) {
    throw FormatError(Defect::truncated, path(),
                      "a header of " + std::to_string(length) + " bytes in a file of " +
                          std::to_string(bytes_->size()) + "; fetch it again");
  }
  return length;
}

void SafetensorsFile::read(const StoredTensor& tensor, std::span<std::byte> out) const {
  if (out.size() != tensor.end - tensor.begin) {
    throw Error(Fault::bad_argument, path() + ": a tensor of " + std::to_string(tensor.end - tensor.begin) +
                                         " bytes does not fit a buffer of " + std::to_string(out.size()));
  }
  bytes_->read(data_start_ + tensor.begin, out);
}

}  // namespace scarp::nn

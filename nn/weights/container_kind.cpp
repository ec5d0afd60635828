// SPDX-License-Identifier: Apache-2.0
#include "nn/weights/container_kind.h"

#include <algorithm>
#include <string>

#include "nn/format_error.h"

namespace scarp::nn {
namespace {

constexpr std::size_t kLook = 512;
constexpr std::size_t kTarMagic = 257;
constexpr std::size_t kShortest = 8;

std::string beginning_of(const ByteSource& source) {
  std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(kLook, source.size())), '\0');
  source.read(0, std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

/// Eight bytes of a length below 2^56 and a brace.
bool is_safetensors(const std::string& bytes) {
  return bytes.size() > kShortest && bytes[7] == 0 && bytes[8] == '{';
}

bool is_text(const std::string& bytes) {
  return std::all_of(bytes.begin(), bytes.begin() + kShortest, [](char each) {
    return (each >= ' ' && each <= '~') || each == '\n' || each == '\r' || each == '\t';
  });
}

[[noreturn]] void refuse_text(const ByteSource& source, const std::string& bytes) {
  std::string hint = "text, not weights";
  if (bytes.find_first_not_of(" \r\n\t") != std::string::npos &&
      bytes[bytes.find_first_not_of(" \r\n\t")] == '<')
    hint = "a web page in place of the weights; fetch the file itself";
  if (bytes.find("git-lfs") != std::string::npos)
    hint = "a pointer of Git LFS in place of the weights; fetch the file with git lfs pull";
  throw FormatError(Defect::unknown_format, source.name(), hint);
}

}  // namespace

WeightContainer container_of(const ByteSource& source) {
  if (source.name().ends_with(".safetensors")) return WeightContainer::safetensors;
  const std::string bytes = beginning_of(source);
  if (is_safetensors(bytes)) return WeightContainer::safetensors;
  if (bytes.starts_with("PK\x03\x04")) return WeightContainer::torch_zip;
  if (bytes.size() >= 2 && bytes[0] == '\x80') return WeightContainer::torch_legacy;
  if (bytes.size() < kShortest)
    throw FormatError(Defect::truncated, source.name(), std::to_string(bytes.size()) + " bytes in all");
  if (bytes.compare(std::min(kTarMagic, bytes.size()), 5, "ustar") == 0)
    throw FormatError(Defect::unsupported, source.name(), "the tar archive of PyTorch before 0.1.11");
  if (is_text(bytes)) refuse_text(source, bytes);
  return WeightContainer::safetensors;
}

}  // namespace scarp::nn

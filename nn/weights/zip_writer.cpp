// SPDX-License-Identifier: Apache-2.0
#include "nn/weights/zip_writer.h"

#include <algorithm>
#include <limits>

#include <zlib.h>

#include "nn/error.h"

// Numbers of sections are those of PKWARE's APPNOTE.
namespace scarp::nn {
namespace {

constexpr std::uint64_t kAlignment = 64;
constexpr std::uint64_t kLocalBytes = 30;
constexpr std::uint64_t kLargest32 = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint16_t kPaddingField = 0x4246;  // "FB", as PyTorch calls it

template <typename Number>
void put(std::string& bytes, Number value) {
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    bytes += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xFFU);
}

/// The part that the header before the data and the record in the directory share.
std::string common_fields(std::uint32_t crc, std::uint32_t size, std::size_t name, std::size_t extra) {
  std::string bytes;
  put<std::uint16_t>(bytes, 45);      // version needed
  put<std::uint16_t>(bytes, 0x0800);  // names are UTF-8
  put<std::uint16_t>(bytes, 0);       // stored
  put<std::uint16_t>(bytes, 0);       // time: none, so that equal weights make equal files
  put<std::uint16_t>(bytes, 0x0021);  // 1980-01-01
  put(bytes, crc);
  put(bytes, size);
  put(bytes, size);
  put(bytes, static_cast<std::uint16_t>(name));
  put(bytes, static_cast<std::uint16_t>(extra));
  return bytes;
}

/// 4.3.12, with 4.5.3 where the place does not fit.
std::string directory_record(const std::string& name,
                             std::uint32_t crc,
                             std::uint32_t size,
                             std::uint64_t place) {
  std::string extra;
  if (place >= kLargest32) {
    put<std::uint16_t>(extra, 1);
    put<std::uint16_t>(extra, 8);
    put(extra, place);
  }
  std::string bytes;
  put<std::uint32_t>(bytes, 0x02014B50);
  put<std::uint16_t>(bytes, 45);
  bytes += common_fields(crc, size, name.size(), extra.size());
  bytes.append(10, '\0');  // comment, disk, attributes
  put(bytes, static_cast<std::uint32_t>(std::min(place, kLargest32)));
  return bytes + name + extra;
}

/// 4.3.14 to 4.3.16
std::string end_records(std::uint64_t entries, std::uint64_t bytes, std::uint64_t begin) {
  std::string end;
  put<std::uint32_t>(end, 0x06064B50);
  put<std::uint64_t>(end, 44);
  put<std::uint16_t>(end, 45);
  put<std::uint16_t>(end, 45);
  end.append(8, '\0');
  for (const std::uint64_t number : {entries, entries, bytes, begin}) put(end, number);
  put<std::uint32_t>(end, 0x07064B50);
  put<std::uint32_t>(end, 0);
  put(end, begin + bytes);
  put<std::uint32_t>(end, 1);
  put<std::uint32_t>(end, 0x06054B50);
  put<std::uint32_t>(end, 0);
  const auto count = static_cast<std::uint16_t>(std::min<std::uint64_t>(entries, 0xFFFF));
  put(end, count);
  put(end, count);
  put(end, static_cast<std::uint32_t>(std::min(bytes, kLargest32)));
  put(end, static_cast<std::uint32_t>(std::min(begin, kLargest32)));
  put<std::uint16_t>(end, 0);
  return end;
}

}  // namespace

void ZipWriter::add(const std::string& name, std::span<const std::byte> data) {
  if (data.size() >= kLargest32)
    throw Error(Fault::bad_argument,
                "a tensor of more than 4 GiB does not go into a .pt file: write safetensors");
  const auto crc =
      static_cast<std::uint32_t>(::crc32_z(0, reinterpret_cast<const Bytef*>(data.data()), data.size()));
  const auto size = static_cast<std::uint32_t>(data.size());
  std::string padding;
  const std::uint64_t data_begin = place_ + kLocalBytes + name.size() + 4;
  put(padding, kPaddingField);
  put(padding, static_cast<std::uint16_t>((kAlignment - data_begin % kAlignment) % kAlignment));
  padding.append((kAlignment - data_begin % kAlignment) % kAlignment, '\0');
  directory_ += directory_record(name, crc, size, place_);
  std::string header;
  put<std::uint32_t>(header, 0x04034B50);
  write(header + common_fields(crc, size, name.size(), padding.size()) + name + padding);
  file_.write(data);
  place_ += data.size();
  ++entries_;
}

void ZipWriter::commit() {
  const std::uint64_t begin = place_;
  write(directory_);
  write(end_records(entries_, directory_.size(), begin));
  file_.commit();
}

void ZipWriter::write(const std::string& bytes) {
  file_.write(std::as_bytes(std::span(bytes)));
  place_ += bytes.size();
}

}  // namespace scarp::nn

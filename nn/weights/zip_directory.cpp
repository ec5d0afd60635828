// SPDX-License-Identifier: Apache-2.0
#include "nn/weights/zip_directory.h"

#include <algorithm>
#include <array>
#include <optional>

#include "nn/format_error.h"
#include "nn/io/printable.h"

// Numbers of sections are those of PKWARE's APPNOTE.
namespace scarp::nn {
namespace {

constexpr std::uint32_t kLocalHeader = 0x04034B50;      // 4.3.7
constexpr std::uint32_t kDirectoryRecord = 0x02014B50;  // 4.3.12
constexpr std::uint32_t kEnd64 = 0x06064B50;            // 4.3.14
constexpr std::uint32_t kLocator64 = 0x07064B50;        // 4.3.15
constexpr std::uint32_t kEnd = 0x06054B50;              // 4.3.16
constexpr std::uint64_t kLocalBytes = 30, kRecordBytes = 46, kEnd64Bytes = 56, kLocatorBytes = 20,
                        kEndBytes = 22;
constexpr std::uint64_t kLongestDirectory = std::uint64_t{64} << 20U;
constexpr std::uint64_t kMostEntries = 200'000;
constexpr std::uint16_t kNewestVersion = 63;
constexpr std::uint16_t kStored = 0, kDeflated = 8;  // 4.4.5
constexpr std::uint16_t kEncrypted = 0x2041;         // 4.4.4: any of three kinds

/// Fields of a record, one after the other; the caller has checked that they are there.
class Fields {
 public:
  explicit Fields(std::span<const std::byte> bytes) : bytes_(bytes) {}
  template <typename Number>
  Number next() {
    const auto value = little_endian<Number>(bytes_.first(sizeof(Number)));
    bytes_ = bytes_.subspan(sizeof(Number));
    return value;
  }
  std::span<const std::byte> take(std::size_t count) {
    const auto taken = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return taken;
  }
  std::size_t left() const { return bytes_.size(); }

 private:
  std::span<const std::byte> bytes_;
};

struct Directory {
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;  // where it must end: the record that tells of it
};

class DirectoryReader {
 public:
  explicit DirectoryReader(const ByteSource& source) : source_(source) {}
  std::vector<ZipRecord> read() const;

 private:
  [[noreturn]] void refuse(Defect defect, const std::string& reason) const {
    throw FormatError(defect, source_.name(), reason);
  }
  std::vector<std::byte> bytes_at(std::uint64_t begin, std::uint64_t count) const {
    std::vector<std::byte> bytes(static_cast<std::size_t>(count));
    source_.read(begin, bytes);
    return bytes;
  }
  Directory locate() const;
  void locate64(Directory& directory) const;
  ZipRecord record_from(Fields& fields) const;
  void read_extra(Fields extra, ZipRecord& record) const;
  void check_first_header() const;
  void find_data(ZipRecord& record, std::uint64_t directory_begin) const;

  const ByteSource& source_;
};

// What begins as a zip and does not go on as one was never a zip; what does was cut.
void DirectoryReader::check_first_header() const {
  if (source_.size() < kLocalBytes)
    refuse(Defect::truncated, "a zip archive of " + std::to_string(source_.size()) + " bytes");
  const auto bytes = bytes_at(0, kLocalBytes);
  Fields fields(bytes);
  const auto signature = fields.next<std::uint32_t>();
  const auto version = fields.next<std::uint16_t>();
  if (signature != kLocalHeader || version > kNewestVersion)
    refuse(Defect::malformed_zip, "it begins as a zip archive, but holds no entry");
}

Directory DirectoryReader::locate() const {
  check_first_header();
  const std::uint64_t end = source_.size() - kEndBytes;
  const auto bytes = bytes_at(end, kEndBytes);
  Fields fields(bytes);
  if (fields.next<std::uint32_t>() != kEnd)
    refuse(Defect::truncated, "the zip archive's directory is not at its end; fetch the file again");
  const auto disk = fields.next<std::uint16_t>();
  const auto directory_disk = fields.next<std::uint16_t>();
  const auto count_here = fields.next<std::uint16_t>();
  Directory directory;
  directory.count = fields.next<std::uint16_t>();
  directory.bytes = fields.next<std::uint32_t>();
  directory.begin = fields.next<std::uint32_t>();
  directory.end = end;
  if (disk != 0 || directory_disk != 0 || count_here != directory.count || fields.next<std::uint16_t>() != 0)
    refuse(Defect::malformed_zip, "a zip archive of several parts, or with a comment");
  locate64(directory);
  const bool fits = directory.begin <= directory.end && directory.bytes == directory.end - directory.begin;
  if (!fits) refuse(Defect::malformed_zip, "the directory does not lie where its end says");
  if (directory.count > kMostEntries || directory.bytes > kLongestDirectory)
    refuse(Defect::limit_exceeded, "a zip archive of more than 200000 entries");
  return directory;
}

// 4.3.14: the numbers that do not fit 32 bits; PyTorch writes the record into small files too.
void DirectoryReader::locate64(Directory& directory) const {
  const std::uint64_t end = directory.end;
  if (end < kLocatorBytes + kEnd64Bytes) return;
  const auto locator_bytes = bytes_at(end - kLocatorBytes, kLocatorBytes);
  Fields locator(locator_bytes);
  if (locator.next<std::uint32_t>() != kLocator64) return;
  const auto disk = locator.next<std::uint32_t>();
  const auto place = locator.next<std::uint64_t>();
  if (disk != 0 || locator.next<std::uint32_t>() != 1 || place != end - kLocatorBytes - kEnd64Bytes)
    refuse(Defect::malformed_zip, "the zip64 record does not lie where it is said to");
  const auto bytes = bytes_at(place, kEnd64Bytes);
  Fields fields(bytes);
  if (fields.next<std::uint32_t>() != kEnd64 || fields.next<std::uint64_t>() != kEnd64Bytes - 12)
    refuse(Defect::malformed_zip, "the zip64 record is none");
  fields.take(4);  // versions
  const auto disks = fields.next<std::uint64_t>();
  const auto count_here = fields.next<std::uint64_t>();
  directory.count = fields.next<std::uint64_t>();
  directory.bytes = fields.next<std::uint64_t>();
  directory.begin = fields.next<std::uint64_t>();
  directory.end = place;
  if (disks != 0 || count_here != directory.count)
    refuse(Defect::malformed_zip, "a zip archive of several parts");
}

ZipRecord DirectoryReader::record_from(Fields& fields) const {
  if (fields.left() < kRecordBytes || fields.next<std::uint32_t>() != kDirectoryRecord)
    refuse(Defect::malformed_zip, "the directory holds fewer entries than it says");
  fields.take(4);  // versions
  const auto flags = fields.next<std::uint16_t>();
  const auto method = fields.next<std::uint16_t>();
  fields.take(4);  // time
  ZipRecord record;
  record.entry.crc = fields.next<std::uint32_t>();
  record.entry.packed_bytes = fields.next<std::uint32_t>();
  record.entry.bytes = fields.next<std::uint32_t>();
  const auto name_bytes = fields.next<std::uint16_t>();
  const auto extra_bytes = fields.next<std::uint16_t>();
  const auto comment_bytes = fields.next<std::uint16_t>();
  fields.take(8);  // disk, attributes
  record.header_begin = fields.next<std::uint32_t>();
  if (fields.left() < std::size_t{name_bytes} + extra_bytes + comment_bytes)
    refuse(Defect::malformed_zip, "an entry of the directory is cut");
  const auto name = fields.take(name_bytes);
  record.name.assign(reinterpret_cast<const char*>(name.data()), name.size());
  read_extra(Fields(fields.take(extra_bytes)), record);
  fields.take(comment_bytes);
  if ((flags & kEncrypted) != 0)
    refuse(Defect::unsupported, "entry " + printable(record.name) + " is encrypted");
  if (method != kStored && method != kDeflated)
    refuse(Defect::unsupported,
           "entry " + printable(record.name) + " is packed by method " + std::to_string(method));
  record.entry.deflated = method == kDeflated;
  return record;
}

// 4.5.3: those of the three numbers that stand as 2^32 - 1 in the record, in this order.
void DirectoryReader::read_extra(Fields extra, ZipRecord& record) const {
  constexpr std::uint64_t kElsewhere = 0xFFFFFFFF;
  while (extra.left() >= 4) {
    const auto kind = extra.next<std::uint16_t>();
    const auto bytes = extra.next<std::uint16_t>();
    if (bytes > extra.left()) refuse(Defect::malformed_zip, "an extra field of the directory is cut");
    Fields field(extra.take(bytes));
    if (kind != 1) continue;
    for (auto* number : {&record.entry.bytes, &record.entry.packed_bytes, &record.header_begin}) {
      if (*number == kElsewhere && field.left() >= sizeof(*number)) *number = field.next<std::uint64_t>();
    }
  }
}

void DirectoryReader::find_data(ZipRecord& record, std::uint64_t directory_begin) const {
  const auto shown = "entry " + printable(record.name);
  const auto available = directory_begin - std::min(directory_begin, record.header_begin);
  if (available < kLocalBytes + record.name.size())
    refuse(Defect::malformed_zip, shown + " begins beyond the data");
  const auto bytes = bytes_at(record.header_begin, kLocalBytes + record.name.size());
  Fields fields(bytes);
  const auto signature = fields.next<std::uint32_t>();
  fields.take(2);  // version
  const auto flags = fields.next<std::uint16_t>();
  const auto method = fields.next<std::uint16_t>();
  fields.take(16);  // time, checksum and sizes: PyTorch writes them behind the data
  const auto name_bytes = fields.next<std::uint16_t>();
  const auto extra_bytes = fields.next<std::uint16_t>();
  const auto name = fields.take(record.name.size());
  const bool same = signature == kLocalHeader && (flags & kEncrypted) == 0 &&
                    method == (record.entry.deflated ? kDeflated : kStored) &&
                    name_bytes == record.name.size() &&
                    std::equal(name.begin(), name.end(), std::as_bytes(std::span(record.name)).begin());
  if (!same) refuse(Defect::malformed_zip, shown + " differs between the directory and its place");
  const std::uint64_t header = kLocalBytes + name_bytes + extra_bytes;
  if (header > available || record.entry.packed_bytes > available - header)
    refuse(Defect::malformed_zip, shown + " is larger than the file");
  record.entry.data_begin = record.header_begin + header;
}

std::vector<ZipRecord> DirectoryReader::read() const {
  const Directory directory = locate();
  const auto bytes = bytes_at(directory.begin, directory.bytes);
  Fields fields(bytes);
  std::vector<ZipRecord> records;
  for (std::uint64_t i = 0; i < directory.count; ++i) {
    records.push_back(record_from(fields));
    find_data(records.back(), directory.begin);
  }
  if (fields.left() != 0) refuse(Defect::malformed_zip, "the directory holds more than it says");
  return records;
}

}  // namespace

std::vector<ZipRecord> read_zip_directory(const ByteSource& source) {
  return DirectoryReader(source).read();
}

}  // namespace scarp::nn

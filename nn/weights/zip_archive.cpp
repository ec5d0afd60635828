// SPDX-License-Identifier: Apache-2.0
#include "nn/weights/zip_archive.h"

#include <algorithm>
#include <limits>

#include <zlib.h>

#include "nn/format_error.h"
#include "nn/io/printable.h"
#include "nn/weights/zip_directory.h"

namespace scarp::nn {
namespace {

constexpr std::uint64_t kDeflateLimit = 1032;  // the most that the method can pack
constexpr std::uint64_t kChunk = std::uint64_t{1} << 20U;
constexpr std::uint64_t kLargestUnpacked = std::uint64_t{256} << 20U;

void check_name(const std::string& name, const std::string& root, const std::string& what) {
  const bool control = std::any_of(name.begin(), name.end(), [](char each) {
    return static_cast<unsigned char>(each) < 0x20 || each == '\\';
  });
  const bool climbs = ("/" + name + "/").find("/../") != std::string::npos;
  if (name.empty() || control || climbs || name.front() == '/')
    throw FormatError(Defect::malformed_zip, what, "an entry is called " + printable(name));
  if (name.compare(0, root.size(), root) != 0)
    throw FormatError(Defect::malformed_zip, what,
                      "entry " + printable(name) + " is not in the folder of the first, " + printable(root));
}

void check_apart(std::vector<ZipRecord>& records, const std::string& what) {
  std::sort(records.begin(), records.end(),
            [](const ZipRecord& a, const ZipRecord& b) { return a.header_begin < b.header_begin; });
  for (std::size_t i = 1; i < records.size(); ++i) {
    const ZipEntry& before = records[i - 1].entry;
    if (before.data_begin + before.packed_bytes > records[i].header_begin)
      throw FormatError(Defect::malformed_zip, what,
                        "entries " + printable(records[i - 1].name) + " and " + printable(records[i].name) +
                            " lie over each other");
  }
}

void check_size(const ZipRecord& record, const std::string& what) {
  const ZipEntry& entry = record.entry;
  if (!entry.deflated && entry.packed_bytes != entry.bytes)
    throw FormatError(Defect::malformed_zip, what, "entry " + printable(record.name) + " has two sizes");
  if (entry.deflated && (entry.bytes > kLargestUnpacked || entry.bytes / kDeflateLimit > entry.packed_bytes))
    throw FormatError(Defect::limit_exceeded, what,
                      "entry " + printable(record.name) + " is said to unpack to " +
                          std::to_string(entry.bytes) + " bytes");
}

/// @param before  of what precedes the bytes
std::uint32_t crc_of(std::span<const std::byte> bytes, std::uint32_t before = 0) {
  return static_cast<std::uint32_t>(
      ::crc32_z(before, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

void check_crc(std::uint32_t found, const ZipEntry& entry, const std::string& what) {
  if (found != entry.crc)
    throw FormatError(Defect::checksum, what,
                      "data differ from those that were written; fetch the file again");
}

/// Exactly `out`, from exactly `packed`.
bool inflate_into(std::span<const std::byte> packed, std::span<std::byte> out) {
  std::byte nowhere = {};  // zlib takes no null, also for nothing
  z_stream stream = {};
  if (::inflateInit2(&stream, -MAX_WBITS) != Z_OK) return false;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.empty() ? &nowhere : out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = ::inflate(&stream, Z_FINISH);
  const bool whole = status == Z_STREAM_END && stream.avail_in == 0 && stream.avail_out == 0;
  ::inflateEnd(&stream);
  return whole;
}

}  // namespace

ZipArchive::ZipArchive(const ByteSource& source) : source_(source) {
  std::vector<ZipRecord> records = read_zip_directory(source);
  const std::string first = records.empty() ? "" : records.front().name;
  const std::string root = first.substr(0, first.find('/') + 1);
  for (const ZipRecord& record : records) {
    check_name(record.name, root, source.name());
    check_size(record, source.name());
    if (!entries_.emplace(record.name.substr(root.size()), record.entry).second)
      throw FormatError(Defect::malformed_zip, source.name(),
                        "two entries are called " + printable(record.name));
  }
  check_apart(records, source.name());
}

const ZipEntry* ZipArchive::find(const std::string& name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second;
}

std::vector<std::byte> ZipArchive::read(const ZipEntry& entry) const {
  std::vector<std::byte> packed(static_cast<std::size_t>(entry.packed_bytes));
  source_.read(entry.data_begin, packed);
  std::vector<std::byte> bytes;
  if (entry.deflated) {
    if (packed.size() > std::numeric_limits<uInt>::max())
      throw FormatError(Defect::limit_exceeded, source_.name(), "a packed entry of more than 4 GiB");
    bytes.resize(static_cast<std::size_t>(entry.bytes));
    if (!inflate_into(packed, bytes))
      throw FormatError(Defect::malformed_zip, source_.name(), "an entry does not unpack to its size");
  } else {
    bytes = std::move(packed);
  }
  check_crc(crc_of(bytes), entry, source_.name());
  return bytes;
}

void ZipArchive::check(const ZipEntry& entry) const {
  std::vector<std::byte> chunk;
  std::uint32_t crc = 0;
  for (std::uint64_t done = 0; done < entry.bytes; done += chunk.size()) {
    chunk.resize(static_cast<std::size_t>(std::min(kChunk, entry.bytes - done)));
    source_.read(entry.data_begin + done, chunk);
    crc = crc_of(chunk, crc);
  }
  check_crc(crc, entry, source_.name());
}

}  // namespace scarp::nn

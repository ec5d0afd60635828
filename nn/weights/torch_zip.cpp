// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>

#include "nn/format_error.h"
#include "nn/io/printable.h"
#include "nn/io/safetensors.h"
#include "nn/weights/pickle_machine.h"
#include "nn/weights/torch_container.h"
#include "nn/weights/zip_archive.h"

namespace scarp::nn {
namespace {

constexpr std::uint64_t kPickleAlways = std::uint64_t{4} << 20U;

class TorchZip final : public TorchContainer {
 public:
  explicit TorchZip(const ByteSource& source) : source_(source), archive_(source) {
    refuse_programs();
    read_byte_order();
    read_object();
    for (const StorageClaim& storage : document_.storages) find_record(storage);
    checked_.resize(records_.size());
  }
  std::vector<std::byte> read(std::uint32_t storage,
                              std::uint64_t begin,
                              std::uint64_t count,
                              std::uint64_t item) const override;
  bool is_packed(std::uint32_t storage) const override { return records_[storage].deflated; }

 private:
  void refuse_programs() const;
  void read_byte_order();
  void read_object();
  void find_record(const StorageClaim& storage);

  const ByteSource& source_;
  ZipArchive archive_;
  std::vector<ZipEntry> records_;  // one a storage
  bool big_endian_ = false;
  mutable std::vector<bool> checked_;          // storages whose checksum was compared
  mutable std::optional<std::uint32_t> held_;  // the storage that was unpacked last, and its bytes
  mutable std::vector<std::byte> unpacked_;
};

void TorchZip::refuse_programs() const {
  const bool program = std::any_of(
      archive_.entries().begin(), archive_.entries().end(),
      [](const auto& entry) { return entry.first == "constants.pkl" || entry.first.starts_with("code/"); });
  if (program)
    throw FormatError(Defect::unsupported, source_.name(),
                      "a TorchScript program; save the state dict of the module instead");
}

void TorchZip::read_byte_order() {
  const ZipEntry* entry = archive_.find("byteorder");
  if (entry == nullptr) return;  // PyTorch before 2.1: little-endian
  std::string order(static_cast<std::size_t>(std::min<std::uint64_t>(entry->bytes, 16)), '\0');
  if (entry->bytes <= 16) {
    const auto bytes = archive_.read(*entry);
    std::copy(bytes.begin(), bytes.end(), std::as_writable_bytes(std::span(order)).begin());
  }
  big_endian_ = order == "big";
  if (order != "big" && order != "little")
    throw FormatError(Defect::unsupported, source_.name(), "byte order " + printable(order));
}

void TorchZip::read_object() {
  const ZipEntry* entry = archive_.find("data.pkl");
  if (entry == nullptr)
    throw FormatError(Defect::malformed_zip, source_.name(),
                      "no data.pkl in it: a zip archive, but not one of torch.save");
  if (entry->bytes > PickleStream::kLongest)
    throw FormatError(Defect::limit_exceeded, source_.name(), "a pickle of more than 32 MiB");
  if (entry->bytes > kPickleAlways + 16 * source_.size())
    throw FormatError(Defect::limit_exceeded, source_.name(),
                      "a pickle that takes more than 16 times the size of the file");
  const auto bytes = archive_.read(*entry);
  const auto memory = bytes_in_memory(source_.name(), bytes);
  PickleStream stream(*memory, 0);
  document_ = PickleMachine::run(stream);
}

void TorchZip::find_record(const StorageClaim& storage) {
  const ZipEntry* entry = archive_.find("data/" + storage.key);
  if (entry == nullptr)
    throw FormatError(Defect::storage_missing, source_.name(), "there are no data " + printable(storage.key));
  if (entry->bytes != storage_bytes(storage, source_.name()))
    throw FormatError(Defect::size_mismatch, source_.name(),
                      "storage " + printable(storage.key) + " is said to have " +
                          std::to_string(storage.count) + " elements of " + storage.dtype +
                          ", its record has " + std::to_string(entry->bytes) + " bytes");
  if (big_endian_ && storage.untyped)
    throw FormatError(Defect::unsupported, source_.name(), "big-endian data without type");
  records_.push_back(*entry);
}

std::vector<std::byte> TorchZip::read(std::uint32_t storage,
                                      std::uint64_t begin,
                                      std::uint64_t count,
                                      std::uint64_t item) const {
  const ZipEntry& entry = records_[storage];
  std::vector<std::byte> bytes(static_cast<std::size_t>(count * item));
  if (entry.deflated) {
    if (held_ != storage) {
      held_.reset();
      unpacked_ = {};  // so that never two are held
      unpacked_ = archive_.read(entry);
      held_ = storage;
    }
    std::copy_n(unpacked_.begin() + static_cast<std::ptrdiff_t>(begin * item), bytes.size(), bytes.begin());
  } else {
    if (!checked_[storage]) archive_.check(entry);
    checked_[storage] = true;
    source_.read(entry.data_begin + begin * item, bytes);
  }
  if (!big_endian_) return bytes;
  for (auto at = bytes.begin(); at != bytes.end(); at += static_cast<std::ptrdiff_t>(item))
    std::reverse(at, at + static_cast<std::ptrdiff_t>(item));
  return bytes;
}

}  // namespace

std::uint64_t storage_bytes(const StorageClaim& storage, const std::string& what) {
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(storage.count, static_cast<std::uint64_t>(safetensors_item_bytes(storage.dtype)),
                             &bytes)) {
    throw FormatError(Defect::size_mismatch, what,
                      "storage " + printable(storage.key) + " is said to have " +
                          std::to_string(storage.count) + " elements");
  }
  return bytes;
}

std::unique_ptr<TorchContainer> open_torch_zip(const ByteSource& source) {
  return std::make_unique<TorchZip>(source);
}

}  // namespace scarp::nn

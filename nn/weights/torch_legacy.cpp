// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "nn/format_error.h"
#include "nn/io/printable.h"
#include "nn/weights/pickle_machine.h"
#include "nn/weights/torch_container.h"

namespace scarp::nn {
namespace {

using Kind = PickleValue::Kind;

constexpr std::string_view kMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
constexpr std::int64_t kProtocol = 1001;

class TorchLegacy final : public TorchContainer {
 public:
  explicit TorchLegacy(const ByteSource& source) : source_(source) {
    read_preamble();
    document_ = next_pickle();
    place_storages();
  }
  std::vector<std::byte> read(std::uint32_t storage,
                              std::uint64_t begin,
                              std::uint64_t count,
                              std::uint64_t item) const override {
    std::vector<std::byte> bytes(static_cast<std::size_t>(count * item));
    source_.read(begins_[storage].value() + begin * item, bytes);
    return bytes;
  }

 private:
  [[noreturn]] void refuse(Defect defect, const std::string& reason) const {
    throw FormatError(defect, source_.name(), reason);
  }
  PickleDocument next_pickle() {
    PickleStream stream(source_, place_);
    PickleDocument document = PickleMachine::run(stream);
    place_ = stream.place();
    return document;
  }
  void read_preamble();
  void place_storages();
  void place_storage(const std::string& key);

  const ByteSource& source_;
  std::uint64_t place_ = 0;
  std::unordered_map<std::string, std::size_t> number_of_;
  std::vector<std::optional<std::uint64_t>> begins_;  // of the data of each storage
};

void TorchLegacy::read_preamble() {
  const PickleDocument magic = next_pickle();
  if (magic.root.kind != Kind::big_integer || magic.text(magic.root) != kMagic)
    refuse(Defect::unknown_format, "a pickle, but not one of torch.save");
  const PickleDocument protocol = next_pickle();
  if (protocol.root.kind != Kind::integer || protocol.root.integer != kProtocol)
    refuse(Defect::unsupported, "a file of PyTorch before 1.6 of another protocol than 1001");
  const PickleDocument system = next_pickle();
  if (system.root.kind != Kind::dict) refuse(Defect::malformed_pickle, "the system's description is no dict");
  for (const auto& [key, value] : system.dict(system.root)) {
    const bool order = key.kind == Kind::text && system.text(key) == "little_endian";
    if (order && (value.kind != Kind::boolean || value.integer == 0))
      refuse(Defect::unsupported, "big-endian data in a file of PyTorch before 1.6");
  }
}

void TorchLegacy::place_storages() {
  const PickleDocument keys = next_pickle();
  if (keys.root.kind != Kind::list) refuse(Defect::malformed_pickle, "the list of storages is no list");
  std::unordered_set<std::string> listed;
  for (const PickleValue key : keys.sequence(keys.root)) {
    if (key.kind != Kind::text) refuse(Defect::malformed_pickle, "the key of a storage is no text");
    listed.insert(keys.text(key));
  }
  for (std::size_t i = 0; i < document_.storages.size(); ++i) {
    const std::string& key = document_.storages[i].key;
    if (!listed.contains(key)) refuse(Defect::storage_missing, "there are no data " + printable(key));
    number_of_.emplace(key, i);
  }
  begins_.resize(document_.storages.size());
  for (const PickleValue key : keys.sequence(keys.root)) place_storage(keys.text(key));
  if (place_ != source_.size())
    refuse(Defect::size_mismatch, std::to_string(source_.size() - place_) + " bytes follow the last storage");
}

void TorchLegacy::place_storage(const std::string& key) {
  const auto shown = "storage " + printable(key);
  const auto found = number_of_.find(key);
  if (found == number_of_.end() || begins_[found->second])
    refuse(Defect::malformed_pickle, shown + " belongs to no tensor, or comes twice");
  const std::size_t storage = found->second;
  const StorageClaim& claim = document_.storages[storage];
  std::array<std::byte, 8> length = {};
  source_.read(place_, length);
  if (little_endian<std::uint64_t>(length) != claim.count)
    refuse(Defect::size_mismatch, shown + " is said to have " + std::to_string(claim.count) +
                                      " elements, its block has another number");
  place_ += length.size();
  const std::uint64_t bytes = storage_bytes(claim, source_.name());
  if (bytes > source_.size() - place_)
    refuse(Defect::truncated, shown + " of " + std::to_string(bytes) + " bytes is cut; fetch the file again");
  begins_[storage] = place_;
  place_ += bytes;
}

}  // namespace

std::unique_ptr<TorchContainer> open_torch_legacy(const ByteSource& source) {
  return std::make_unique<TorchLegacy>(source);
}

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include "nn/weight_file.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "nn/format_error.h"
#include "nn/io/safetensors.h"
#include "nn/weights/container_kind.h"
#include "nn/weights/strided_copy.h"
#include "nn/weights/torch_container.h"
#include "nn/weights/torch_object.h"

namespace scarp::nn {

class WeightFile::Reader {
 public:
  virtual ~Reader() = default;
  virtual const std::string& path() const = 0;
  virtual std::vector<std::byte> read(std::size_t tensor) const = 0;
  WeightContainer container = WeightContainer::safetensors;
  std::vector<WeightTensor> tensors;
  std::map<std::string, std::string> notes;
};

namespace {

class SafetensorsReader final : public WeightFile::Reader {
 public:
  explicit SafetensorsReader(std::unique_ptr<ByteSource> source) : file_(std::move(source)) {
    notes = file_.header().metadata;
    for (const auto& [name, stored] : file_.header().tensors) {
      tensors.push_back({{name}, stored.dtype, stored.shape, stored.end - stored.begin});
      stored_.push_back(&stored);
    }
  }
  const std::string& path() const override { return file_.path(); }
  std::vector<std::byte> read(std::size_t tensor) const override {
    std::vector<std::byte> bytes(static_cast<std::size_t>(tensors[tensor].bytes));
    file_.read(*stored_[tensor], bytes);
    return bytes;
  }

 private:
  SafetensorsFile file_;
  std::vector<const StoredTensor*> stored_;
};

class TorchReader final : public WeightFile::Reader {
 public:
  TorchReader(std::unique_ptr<ByteSource> source, bool zip)
      : source_(std::move(source)), file_(zip ? open_torch_zip(*source_) : open_torch_legacy(*source_)) {
    container = zip ? WeightContainer::torch_zip : WeightContainer::torch_legacy;
    notes = notes_of(file_->document());
    places_ = tensors_of(file_->document(), path());
    for (const TensorPlace& place : places_) {
      const TensorClaim& claim = file_->document().tensors[place.tensor];
      const auto item = static_cast<std::uint64_t>(safetensors_item_bytes(claim.dtype));
      tensors.push_back({place.path, claim.dtype, claim.shape, claim.elements * item});
    }
    check_proportion();
  }
  const std::string& path() const override { return source_->name(); }
  std::vector<std::byte> read(std::size_t tensor) const override {
    const TensorClaim& claim = file_->document().tensors[places_[tensor].tensor];
    const auto item = static_cast<std::uint64_t>(safetensors_item_bytes(claim.dtype));
    return row_major(claim, file_->read(claim.storage, claim.offset, claim.span, item));
  }

 private:
  void check_proportion() const;

  std::unique_ptr<ByteSource> source_;
  std::unique_ptr<TorchContainer> file_;
  std::vector<TensorPlace> places_;
};

// Views with stride 0, tensors under many names and packed zeros are legal; in a small file they may not ask
// for all memory, nor tensors that lie far apart in one storage, or by turns in packed ones, for all time.
void TorchReader::check_proportion() const {
  constexpr std::uint64_t kAlways = std::uint64_t{64} << 20U;
  const std::uint64_t most = kAlways + 16 * source_->size();
  std::uint64_t all = 0;
  std::optional<std::uint32_t> unpacked;
  const auto add = [&](std::uint64_t bytes) {
    if (bytes > most || (all += bytes) > most)
      throw FormatError(Defect::limit_exceeded, path(),
                        "its tensors take more than 16 times the size of the file");
  };
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const TensorClaim& claim = file_->document().tensors[places_[i].tensor];
    add(std::max(tensors[i].bytes,
                 claim.span * static_cast<std::uint64_t>(safetensors_item_bytes(claim.dtype))));
    if (file_->is_packed(claim.storage) && std::exchange(unpacked, claim.storage) != claim.storage)
      add(storage_bytes(file_->document().storages[claim.storage], path()));
  }
}

std::unique_ptr<WeightFile::Reader> reader_of(std::unique_ptr<ByteSource> source) {
  switch (container_of(*source)) {
    case WeightContainer::torch_zip:
      return std::make_unique<TorchReader>(std::move(source), true);
    case WeightContainer::torch_legacy:
      return std::make_unique<TorchReader>(std::move(source), false);
    default:
      return std::make_unique<SafetensorsReader>(std::move(source));
  }
}

}  // namespace

std::string WeightTensor::name() const {
  std::string joined;
  for (const std::string& part : path) joined += (joined.empty() ? "" : "/") + part;
  return joined;
}

std::uint64_t WeightTensor::elements() const {
  return bytes / static_cast<std::uint64_t>(safetensors_item_bytes(dtype));
}

WeightFile::WeightFile(const std::string& path) : reader_(reader_of(open_file_bytes(path))) {}
WeightFile::WeightFile(const std::string& name, const void* bytes, std::size_t count)
    : reader_(reader_of(bytes_in_memory(name, {static_cast<const std::byte*>(bytes), count}))) {}
WeightFile::~WeightFile() = default;
WeightFile::WeightFile(WeightFile&&) noexcept = default;

const std::string& WeightFile::path() const noexcept {
  return reader_->path();
}

WeightContainer WeightFile::container() const noexcept {
  return reader_->container;
}

const std::vector<WeightTensor>& WeightFile::tensors() const noexcept {
  return reader_->tensors;
}

const std::map<std::string, std::string>& WeightFile::notes() const noexcept {
  return reader_->notes;
}

std::vector<std::byte> WeightFile::read(const WeightTensor& tensor) const {
  const auto& all = reader_->tensors;
  const WeightTensor* const begin = all.data();
  if (std::less<>{}(&tensor, begin) || !std::less<>{}(&tensor, begin + all.size()))
    throw Error(Fault::bad_argument, path() + ": a tensor of another file");
  return reader_->read(static_cast<std::size_t>(&tensor - begin));
}

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "nn/io/byte_source.h"
#include "nn/weights/pickle_values.h"

namespace scarp::nn {

/// What torch.save wrote: an object, and the data of its tensors. Every storage is there, with the size that
/// the object says.
class TorchContainer {
 public:
  virtual ~TorchContainer() = default;
  const PickleDocument& document() const noexcept { return document_; }
  /// Elements of a storage, little-endian. The storage's checksum is compared when it is first read.
  /// @param begin,count  elements of `item` bytes, within the storage
  /// @throws FormatError (checksum, malformed_zip)
  virtual std::vector<std::byte> read(std::uint32_t storage,
                                      std::uint64_t begin,
                                      std::uint64_t count,
                                      std::uint64_t item) const = 0;
  /// Whether a storage must be unpacked whole to read any of it.
  virtual bool is_packed(std::uint32_t) const { return false; }

 protected:
  PickleDocument document_;
};

/// The zip archive of PyTorch since 1.6.
/// @throws FormatError
std::unique_ptr<TorchContainer> open_torch_zip(const ByteSource& source);

/// The stream of pickles of PyTorch before 1.6: magic number, protocol, system, object, storage keys; then
/// the storages, each with its number of elements.
/// @throws FormatError
std::unique_ptr<TorchContainer> open_torch_legacy(const ByteSource& source);

/// Bytes of a storage as the object claims it.
/// @throws FormatError (size_mismatch) above 2^63
std::uint64_t storage_bytes(const StorageClaim& storage, const std::string& what);

}  // namespace scarp::nn

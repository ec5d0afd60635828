// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace scarp::nn {

enum class WeightContainer : std::uint8_t {
  safetensors,
  torch_zip,     ///< torch.save since PyTorch 1.6
  torch_legacy,  ///< torch.save before
};

/// A tensor of a file. `dtype` is spelled as safetensors does: "F32", "BF16", "I64", ...
struct WeightTensor {
  std::vector<std::string> path;  ///< keys and positions from the file's root to the tensor
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::uint64_t bytes = 0;

  std::string name() const;  ///< the path, joined by '/'
  std::uint64_t elements() const;
};

/// A file of weights from anywhere: safetensors, and what torch.save wrote, of which no code is executed. The
/// container is told from the bytes; only what is called .safetensors is read as nothing else. Nothing in the
/// file is believed before it is checked, nothing is allocated that the file does not hold. One thread at a
/// time: what was unpacked last is kept.
class WeightFile {
 public:
  /// @throws Error (missing_file, unreadable), FormatError
  explicit WeightFile(const std::string& path);
  /// The same of bytes that the caller keeps alive; `name` opens messages.
  WeightFile(const std::string& name, const void* bytes, std::size_t count);
  ~WeightFile();
  WeightFile(WeightFile&&) noexcept;

  const std::string& path() const noexcept;
  WeightContainer container() const noexcept;
  /// In the order of the names (safetensors) or of the object (PyTorch).
  const std::vector<WeightTensor>& tensors() const noexcept;
  /// Metadata (safetensors), or texts and numbers beside the tensors at the top of the object (PyTorch).
  const std::map<std::string, std::string>& notes() const noexcept;
  /// Elements row-major, little-endian. Checksums are compared where the container has them.
  /// @param tensor  one of tensors(), not a copy
  /// @throws FormatError (checksum)
  std::vector<std::byte> read(const WeightTensor& tensor) const;

  class Reader;

 private:
  std::unique_ptr<Reader> reader_;
};

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include "nn/weights/torch_writer.h"

#include <array>
#include <limits>

#include "nn/error.h"
#include "nn/io/safetensors.h"
#include "nn/weights/zip_writer.h"

namespace scarp::nn {
namespace {

std::string storage_class(const std::string& dtype) {
  using Pair = std::pair<const char*, const char*>;
  for (const auto& [name, storage] :
       std::array{Pair{"F32", "FloatStorage"}, Pair{"F64", "DoubleStorage"}, Pair{"F16", "HalfStorage"},
                  Pair{"BF16", "BFloat16Storage"}, Pair{"I64", "LongStorage"}, Pair{"I32", "IntStorage"},
                  Pair{"I16", "ShortStorage"}, Pair{"I8", "CharStorage"}, Pair{"U8", "ByteStorage"},
                  Pair{"BOOL", "BoolStorage"}}) {
    if (dtype == name) return storage;
  }
  throw Error(Fault::bad_argument,
              "tensors of type " + dtype + " do not go into a .pt file: write safetensors");
}

/// Protocol 2, which every PyTorch since 1.6 reads. Opcodes as in pickle_opcodes.cpp.
class StateDictPickle {
 public:
  std::string of(const WeightMap& weights) {
    bytes_ = std::string("\x80\x02", 2);
    empty_dict();
    bytes_ += '(';
    std::size_t key = 0;
    for (const auto& [name, array] : weights) {
      text(name);
      tensor(array, std::to_string(key++));
    }
    bytes_ += "u.";
    return bytes_;
  }

 private:
  void little_endian_bytes(std::uint64_t value, int count) {
    for (int i = 0; i < count; ++i) bytes_ += static_cast<char>(value >> (8 * i) & 0xFFU);
  }
  void text(const std::string& value) {
    bytes_ += 'X';
    little_endian_bytes(value.size(), 4);
    bytes_ += value;
  }
  void integer(std::int64_t value) {
    const bool narrow = value <= std::numeric_limits<std::int32_t>::max();
    bytes_ += narrow ? std::string("J") : std::string("\x8A\x08", 2);
    little_endian_bytes(static_cast<std::uint64_t>(value), narrow ? 4 : 8);
  }
  void integers(const std::vector<std::int64_t>& values) {
    bytes_ += '(';
    for (const std::int64_t value : values) integer(value);
    bytes_ += 't';
  }
  void empty_dict() { bytes_ += "ccollections\nOrderedDict\n)R"; }
  void tensor(const WeightArray& array, const std::string& key) {
    bytes_ += "ctorch._utils\n_rebuild_tensor_v2\n((";
    text("storage");
    bytes_ += "ctorch\n" + storage_class(array.dtype) + "\n";
    text(key);
    text("cpu");
    integer(static_cast<std::int64_t>(array.data.size()) / safetensors_item_bytes(array.dtype));
    bytes_ += "tQ";
    integer(0);
    std::vector<std::int64_t> strides(array.shape.size(), 1);
    for (std::size_t i = strides.size(); i-- > 1;)
      strides[i - 1] = strides[i] * std::max<std::int64_t>(array.shape[i], 1);
    integers(array.shape);
    integers(strides);
    bytes_ += '\x89';  // no gradient
    empty_dict();      // no hooks
    bytes_ += "tR";
  }

  std::string bytes_;
};

}  // namespace

void write_torch_zip(const std::string& path, const WeightMap& weights) {
  const std::string pickle = StateDictPickle().of(weights);
  const auto bytes_of = [](const std::string& text) { return std::as_bytes(std::span(text)); };
  ZipWriter zip(path);
  zip.add("archive/data.pkl", bytes_of(pickle));
  zip.add("archive/byteorder", bytes_of("little"));
  std::size_t key = 0;
  for (const auto& [name, array] : weights) zip.add("archive/data/" + std::to_string(key++), array.data);
  zip.add("archive/version", bytes_of("3\n"));
  zip.commit();
}

}  // namespace scarp::nn

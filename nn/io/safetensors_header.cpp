// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include <nlohmann/json.hpp>

#include "nn/format_error.h"
#include "nn/io/printable.h"
#include "nn/io/safetensors.h"

namespace scarp::nn {
namespace {

constexpr std::size_t kHighestRank = 16;
constexpr std::size_t kLongestName = 4096;
constexpr std::size_t kMostKeys = 200'000;  // tensors, or entries of the metadata

/// One walk over the JSON text, nothing kept but the tensors: a header of 100 MB costs no more than its
/// tensors, and one that is wrong is refused at the first wrong value. Its member names are those of the
/// parser's interface.
class HeaderWalk final : public nlohmann::json_sax<nlohmann::json> {
 public:
  HeaderWalk(SafetensorsHeader& header, const std::string& what) : header_(header), what_(what) {}

  bool null() override { refuse("null is no value here"); }
  bool boolean(bool) override { refuse("a truth value is no value here"); }
  bool number_integer(number_integer_t) override { refuse("a size or offset is negative"); }
  bool number_unsigned(number_unsigned_t value) override;
  bool number_float(number_float_t, const string_t&) override {
    refuse("a size or offset is not a whole number of 64 bits");
  }
  bool string(string_t& value) override;
  bool binary(binary_t&) override { refuse("binary data in JSON"); }
  bool start_object(std::size_t) override;
  bool key(string_t& name) override;
  bool end_object() override;
  bool start_array(std::size_t) override;
  bool end_array() override;
  bool parse_error(std::size_t place, const std::string&, const nlohmann::json::exception&) override {
    throw FormatError(Defect::malformed_header, what_, "not JSON at byte " + std::to_string(place));
  }

 private:
  enum class Place : std::uint8_t { outside, top, metadata, entry, shape, offsets };

  [[noreturn]] void refuse(const std::string& reason, Defect defect = Defect::malformed_header) const;
  void begin_field(const std::string& name);
  void finish_entry();

  SafetensorsHeader& header_;
  const std::string& what_;
  Place place_ = Place::outside;
  std::string name_;         // of the tensor, or the key of the metadata
  std::string field_;        // of the tensor's entry
  bool metadata_ = false;    // seen
  StoredTensor tensor_;      // being read
  std::array<bool, 3> has_;  // dtype, shape, data_offsets
  std::size_t offsets_ = 0;
};

void HeaderWalk::refuse(const std::string& reason, Defect defect) const {
  std::string where;
  if (place_ == Place::metadata) where = "__metadata__: ";
  if (place_ >= Place::entry) where = "tensor " + printable(name_) + ": ";
  throw FormatError(defect, what_, where + reason);
}

bool HeaderWalk::number_unsigned(number_unsigned_t value) {
  if (place_ == Place::shape) {
    if (tensor_.shape.size() == kHighestRank) refuse("more than 16 dimensions", Defect::limit_exceeded);
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      refuse("a size is above 2^63 - 1", Defect::size_mismatch);
    tensor_.shape.push_back(static_cast<std::int64_t>(value));
  } else if (place_ == Place::offsets) {
    if (offsets_ == 2) refuse("data_offsets must be two numbers");
    (offsets_++ == 0 ? tensor_.begin : tensor_.end) = value;
  } else {
    refuse("a number stands where none is expected");
  }
  return true;
}

bool HeaderWalk::string(string_t& value) {
  if (place_ == Place::metadata) {
    header_.metadata.emplace(name_, value);
  } else if (place_ == Place::entry && field_ == "dtype") {
    if (safetensors_item_bytes(value) == 0) refuse("unknown dtype " + printable(value));
    tensor_.dtype = value;
  } else {
    refuse("a text stands where none is expected");
  }
  return true;
}

bool HeaderWalk::start_object(std::size_t) {
  if (place_ == Place::outside) {
    place_ = Place::top;
  } else if (place_ == Place::top && name_ == "__metadata__") {
    place_ = Place::metadata;
  } else if (place_ == Place::top) {
    place_ = Place::entry;
    tensor_ = {};
    has_ = {};
    offsets_ = 0;
  } else {
    refuse("an object stands where none is expected");
  }
  return true;
}

bool HeaderWalk::key(string_t& name) {
  if (name.size() > kLongestName) refuse("a name is longer than 4096 bytes", Defect::limit_exceeded);
  if (place_ == Place::entry) {
    begin_field(name);
    return true;
  }
  name_ = name;
  const bool again = place_ == Place::metadata ? header_.metadata.contains(name)
                     : name == "__metadata__"  ? std::exchange(metadata_, true)
                                               : header_.tensors.contains(name);
  if (again) refuse("key " + printable(name) + " occurs twice");
  if (header_.tensors.size() + header_.metadata.size() >= kMostKeys)
    refuse("more than 200000 tensors and entries of metadata", Defect::limit_exceeded);
  return true;
}

void HeaderWalk::begin_field(const std::string& name) {
  static constexpr std::array<const char*, 3> kFields = {"dtype", "shape", "data_offsets"};
  const auto known = std::find(kFields.begin(), kFields.end(), name);
  if (known == kFields.end()) refuse("unknown field " + printable(name));
  if (std::exchange(has_[static_cast<std::size_t>(known - kFields.begin())], true))
    refuse("field " + name + " occurs twice");
  field_ = name;
}

bool HeaderWalk::start_array(std::size_t) {
  if (place_ != Place::entry || field_ == "dtype") refuse("an array stands where none is expected");
  place_ = field_ == "shape" ? Place::shape : Place::offsets;
  return true;
}

bool HeaderWalk::end_array() {
  if (place_ == Place::offsets && offsets_ != 2) refuse("data_offsets must be two numbers");
  place_ = Place::entry;
  return true;
}

bool HeaderWalk::end_object() {
  if (place_ == Place::entry) finish_entry();
  place_ = place_ == Place::top ? Place::outside : Place::top;
  return true;
}

void HeaderWalk::finish_entry() {
  if (!has_[0] || !has_[1] || !has_[2]) refuse("dtype, shape and data_offsets must all be there");
  std::uint64_t bytes = static_cast<std::uint64_t>(safetensors_item_bytes(tensor_.dtype));
  bool empty = false;
  for (const auto size : tensor_.shape) {
    empty = empty || size == 0;
    if (__builtin_mul_overflow(bytes, std::max<std::uint64_t>(1, static_cast<std::uint64_t>(size)), &bytes))
      refuse("its shape has more bytes than 64 bits can count", Defect::size_mismatch);
  }
  if (empty) bytes = 0;
  const auto range = std::to_string(tensor_.begin) + " to " + std::to_string(tensor_.end);
  if (tensor_.end < tensor_.begin) refuse("its data go from byte " + range, Defect::out_of_bounds);
  if (tensor_.end - tensor_.begin != bytes)
    refuse("its shape needs " + std::to_string(bytes) + " bytes, its offsets are " + range,
           Defect::size_mismatch);
  header_.tensors.emplace(name_, tensor_);
}

void check_cover(const SafetensorsHeader& header, std::uint64_t data_bytes, const std::string& what) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  for (const auto& [name, tensor] : header.tensors) ranges.emplace_back(tensor.begin, tensor.end);
  std::sort(ranges.begin(), ranges.end());
  std::uint64_t covered = 0;
  for (const auto& [begin, end] : ranges) {
    if (begin != covered) {
      throw FormatError(Defect::out_of_bounds, what,
                        "tensors overlap or leave a gap at data byte " + std::to_string(covered));
    }
    covered = end;
  }
  if (covered != data_bytes) {
    throw FormatError(Defect::out_of_bounds, what,
                      "the header describes " + std::to_string(covered) + " bytes of data, the file holds " +
                          std::to_string(data_bytes) + "; it is cut short or damaged, fetch it again");
  }
}

}  // namespace

int safetensors_item_bytes(const std::string& dtype) {
  static constexpr std::array<std::pair<const char*, int>, 15> kTypes = {{{"BOOL", 1},
                                                                          {"U8", 1},
                                                                          {"I8", 1},
                                                                          {"F8_E4M3", 1},
                                                                          {"F8_E5M2", 1},
                                                                          {"I16", 2},
                                                                          {"U16", 2},
                                                                          {"F16", 2},
                                                                          {"BF16", 2},
                                                                          {"I32", 4},
                                                                          {"U32", 4},
                                                                          {"F32", 4},
                                                                          {"F64", 8},
                                                                          {"I64", 8},
                                                                          {"U64", 8}}};
  for (const auto& [name, bytes] : kTypes) {
    if (dtype == name) return bytes;
  }
  return 0;
}

std::int64_t StoredTensor::elements() const {
  const int bytes = safetensors_item_bytes(dtype);
  return bytes == 0 ? 0 : static_cast<std::int64_t>(end - begin) / bytes;
}

SafetensorsHeader parse_safetensors_header(const std::string& json,
                                           std::uint64_t data_bytes,
                                           const std::string& what) {
  if (json.empty() || json.front() != '{')
    throw FormatError(Defect::malformed_header, what, "the header is not a JSON object");
  if (json.find('\0') != std::string::npos)  // the parser would take it for the end
    throw FormatError(Defect::malformed_header, what, "a zero byte in JSON");
  SafetensorsHeader header;
  HeaderWalk walk(header, what);
  nlohmann::json::sax_parse(json, &walk);
  check_cover(header, data_bytes, what);
  return header;
}

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "nn/format_error.h"
#include "nn/weights/pickle_globals.h"
#include "nn/weights/pickle_stream.h"
#include "nn/weights/pickle_values.h"

namespace scarp::nn {

/// Reads pickles of protocols 0 to 5 as far as state dicts need them. No code is executed: a pickle may only
/// name what find_allowed_global() lists, and that is rebuilt here, as data. Memory stays bounded
/// however well the stream packs: every length, count and index is checked before anything is allocated, and
/// objects are counted with all that they hold.
class PickleMachine {
 public:
  /// @throws FormatError (global_not_allowed, limit_exceeded, malformed_pickle, malformed_tensor,
  /// out_of_bounds, size_mismatch, truncated, unsupported)
  static PickleDocument run(PickleStream& stream);

 private:
  using Kind = PickleValue::Kind;
  explicit PickleMachine(PickleStream& stream) : stream_(stream) {}

  void step(std::uint8_t opcode);
  // Each takes the opcodes of its kind, and says whether this was one. pickle_scalars.cpp,
  // pickle_opcodes.cpp
  bool take_number(std::uint8_t opcode);
  bool take_text(std::uint8_t opcode);
  bool take_container(std::uint8_t opcode);
  bool take_items(std::uint8_t opcode);
  bool take_memo(std::uint8_t opcode);
  bool take_frame(std::uint8_t opcode);
  bool take_object(std::uint8_t opcode);
  void push_long(std::uint64_t bytes);
  void push_integer_line(bool long_form);
  void push_real_line();
  void push_text(std::string text, bool must_be_text);
  void push_quoted_line();
  std::uint32_t memo_line();
  void put_memo(std::uint32_t index);
  void push_memo(std::uint32_t index);

  // What objects mean. pickle_objects.cpp
  void push_global(const std::string& module, const std::string& name);
  void call();
  void build();
  PickleValue result_of(const AllowedGlobal& global, PickleValue arguments);
  PickleValue dict_from(const std::vector<PickleValue>& arguments);
  PickleValue from_type(const std::vector<PickleValue>& arguments);

  // Storages and tensors. pickle_tensors.cpp
  struct StorageView {
    std::uint32_t storage = 0;
    std::uint64_t begin = 0;  // elements
    std::uint64_t count = 0;
  };
  void push_storage();
  std::uint32_t add_storage(const StorageClaim& claim);
  void narrow(StorageView& view, PickleValue metadata) const;
  PickleValue rebuilt_tensor(const std::vector<PickleValue>& arguments, bool typed);
  std::vector<std::int64_t> sizes_from(PickleValue value) const;
  void check_bounds(TensorClaim& tensor, std::uint64_t available) const;
  std::uint64_t storage_count(PickleValue value, Defect beyond) const;

  [[noreturn]] void refuse(Defect defect, const std::string& reason) const;
  PickleValue pop();
  std::vector<PickleValue> popped(std::size_t count);  // in the order they were pushed
  PickleValue& top();
  std::vector<PickleValue> pop_to_mark();
  void push(PickleValue value);
  PickleValue add_sequence(Kind kind, std::vector<PickleValue> items);
  PickleValue add_dict();
  PickleValue add_text(Kind kind, std::string text);
  void set_items(PickleValue dict, const std::vector<PickleValue>& keys_and_values);
  void append(PickleValue list, const std::vector<PickleValue>& items);
  void count_objects(std::size_t count);

  PickleStream& stream_;
  PickleDocument document_;
  std::vector<PickleValue> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint32_t, PickleValue> memo_;
  std::unordered_map<std::string, std::uint32_t> storage_of_;
  std::vector<StorageView> views_;
  std::size_t objects_ = 0;
};

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace scarp::nn {

struct AllowedGlobal;

/// One value of a pickle. Containers, texts and tensors are numbers of entries in the PickleDocument, which
/// owns them all side by side: nothing is nested in memory, so that no depth of a foreign file can exhaust
/// the stack, and a list that holds itself is freed like any other.
struct PickleValue {
  enum class Kind : std::uint8_t {
    none,
    boolean,
    integer,
    big_integer,  ///< beyond 64 bits: its bytes or digits, as a text
    real,
    text,
    bytes,
    list,
    tuple,
    set,
    dict,
    global,   ///< a class or function of the allow-list, not called
    storage,  ///< data of tensors, elsewhere in the file
    tensor,
    record,  ///< an object of which nothing is used (argparse.Namespace, a numpy scalar)
  };
  Kind kind = Kind::none;
  union {
    std::int64_t integer = 0;
    double real;
    std::uint32_t index;
    const AllowedGlobal* global;
  };

  static PickleValue of_integer(std::int64_t value);
  static PickleValue of_boolean(bool value);
  static PickleValue of_real(double value);
  static PickleValue at(Kind kind, std::size_t index);
};

/// Data that tensors are views of: what the pickle says of them. Nothing of it is checked against the file
/// yet.
struct StorageClaim {
  std::string key;          ///< the record's name
  std::string dtype;        ///< as safetensors spells it; "U8" where untyped
  bool untyped = false;     ///< elements are bytes, the tensor tells the type
  std::uint64_t count = 0;  ///< elements
  bool operator==(const StorageClaim&) const = default;
};

/// A view of a storage. The machine has checked that all of it lies in what the storage claims to hold.
struct TensorClaim {
  std::uint32_t storage = 0;
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> stride;  ///< in elements, not negative
  std::uint64_t offset = 0;          ///< in elements of the tensor
  std::uint64_t elements = 0;
  std::uint64_t span = 0;  ///< elements of the storage from its first to its last
};

struct PickleDocument {
  using Entries = std::vector<std::pair<PickleValue, PickleValue>>;
  PickleValue root;
  std::vector<std::string> texts;                   ///< text, bytes and big_integer
  std::vector<std::vector<PickleValue>> sequences;  ///< list, tuple and set
  std::vector<Entries> dicts;                       ///< in the order of insertion, keys as they came
  std::vector<StorageClaim> storages;
  std::vector<TensorClaim> tensors;

  const std::string& text(PickleValue value) const { return texts[value.index]; }
  const std::vector<PickleValue>& sequence(PickleValue value) const { return sequences[value.index]; }
  const Entries& dict(PickleValue value) const { return dicts[value.index]; }
};

inline PickleValue PickleValue::of_integer(std::int64_t value) {
  PickleValue made;
  made.kind = Kind::integer;
  made.integer = value;
  return made;
}

inline PickleValue PickleValue::of_boolean(bool value) {
  PickleValue made = of_integer(value ? 1 : 0);
  made.kind = Kind::boolean;
  return made;
}

inline PickleValue PickleValue::of_real(double value) {
  PickleValue made;
  made.kind = Kind::real;
  made.real = value;
  return made;
}

inline PickleValue PickleValue::at(Kind kind, std::size_t index) {
  PickleValue made;
  made.kind = kind;
  made.index = static_cast<std::uint32_t>(index);
  return made;
}

}  // namespace scarp::nn

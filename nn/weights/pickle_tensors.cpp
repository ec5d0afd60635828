// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "nn/io/printable.h"
#include "nn/io/safetensors.h"
#include "nn/weights/pickle_machine.h"

namespace scarp::nn {
namespace {

using Meaning = AllowedGlobal::Meaning;

constexpr std::size_t kHighestRank = 16;
constexpr std::size_t kMostTensors = 100'000;
constexpr std::size_t kLongestKey = 256;
constexpr std::uint64_t kMostElements = std::uint64_t{1} << 56U;

bool add_product(std::uint64_t& sum, std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  return !__builtin_mul_overflow(a, b, &product) && !__builtin_add_overflow(sum, product, &sum);
}

}  // namespace

// ('storage', class, key, location, count), before 1.6 with a sixth entry: None or a view of the storage.
void PickleMachine::push_storage() {
  const PickleValue id = pop();
  if (id.kind != Kind::tuple) refuse(Defect::malformed_tensor, "a storage is named by what is no tuple");
  const std::vector<PickleValue>& parts = document_.sequence(id);
  const bool is_storage = parts.size() >= 5 && parts.size() <= 6 && parts[0].kind == Kind::text &&
                          document_.text(parts[0]) == "storage";
  if (!is_storage) refuse(Defect::malformed_tensor, "a persistent name that is not that of a storage");
  const bool is_class =
      parts[1].kind == Kind::global && (parts[1].global->meaning == Meaning::storage_class ||
                                        parts[1].global->meaning == Meaning::untyped_class);
  if (!is_class || parts[2].kind != Kind::text || document_.text(parts[2]).size() > kLongestKey)
    refuse(Defect::malformed_tensor, "a storage without class or key");
  const bool untyped = parts[1].global->meaning == Meaning::untyped_class;
  StorageView view;
  view.count = storage_count(parts[4], Defect::size_mismatch);
  view.storage =
      add_storage({document_.text(parts[2]), untyped ? "U8" : parts[1].global->dtype, untyped, view.count});
  if (parts.size() == 6 && parts[5].kind != Kind::none) narrow(view, parts[5]);
  views_.push_back(view);
  push(PickleValue::at(Kind::storage, views_.size() - 1));
}

std::uint32_t PickleMachine::add_storage(const StorageClaim& claim) {
  count_objects(1);
  const auto number = static_cast<std::uint32_t>(document_.storages.size());
  const auto [found, fresh] = storage_of_.emplace(claim.key, number);
  if (fresh) {
    document_.storages.push_back(claim);
  } else if (!(document_.storages[found->second] == claim)) {
    refuse(Defect::size_mismatch, "storage " + printable(claim.key) + " is named with two sizes or types");
  }
  return found->second;
}

// (key of the view, offset, count)
void PickleMachine::narrow(StorageView& view, PickleValue metadata) const {
  if (metadata.kind != Kind::tuple || document_.sequence(metadata).size() != 3)
    refuse(Defect::malformed_tensor, "a view of a storage that is no tuple of three");
  const std::uint64_t begin = storage_count(document_.sequence(metadata)[1], Defect::out_of_bounds);
  const std::uint64_t count = storage_count(document_.sequence(metadata)[2], Defect::out_of_bounds);
  if (begin > view.count || count > view.count - begin)
    refuse(Defect::out_of_bounds, "a view beyond the end of its storage");
  view.begin = begin;
  view.count = count;
}

std::uint64_t PickleMachine::storage_count(PickleValue value, Defect beyond) const {
  if (value.kind == Kind::big_integer || (value.kind == Kind::integer && value.integer < 0))
    refuse(beyond, "a size or offset is negative or above 63 bits");
  if (value.kind != Kind::integer) refuse(Defect::malformed_tensor, "a size or offset is no whole number");
  return static_cast<std::uint64_t>(value.integer);
}

std::vector<std::int64_t> PickleMachine::sizes_from(PickleValue value) const {
  if (value.kind != Kind::tuple && value.kind != Kind::list)
    refuse(Defect::malformed_tensor, "sizes and strides of a tensor are no tuple");
  const auto& items = document_.sequence(value);
  if (items.size() > kHighestRank) refuse(Defect::limit_exceeded, "a tensor of more than 16 dimensions");
  std::vector<std::int64_t> sizes;
  for (const PickleValue item : items)
    sizes.push_back(static_cast<std::int64_t>(storage_count(item, Defect::out_of_bounds)));
  return sizes;
}

// (storage, offset, size, stride, ...); typed: (storage, offset, size, stride, grad, hooks, element type,
// ...)
PickleValue PickleMachine::rebuilt_tensor(const std::vector<PickleValue>& arguments, bool typed) {
  if (arguments.size() < (typed ? 7U : 4U)) refuse(Defect::malformed_tensor, "too few arguments of a tensor");
  if (arguments[0].kind != Kind::storage)
    refuse(Defect::malformed_tensor, "the data of a tensor are no storage");
  if (document_.tensors.size() == kMostTensors) refuse(Defect::limit_exceeded, "more than 100000 tensors");
  const StorageView& view = views_[arguments[0].index];
  const StorageClaim& storage = document_.storages[view.storage];
  TensorClaim tensor;
  tensor.storage = view.storage;
  tensor.dtype = storage.dtype;
  if (typed) {
    const bool named =
        arguments[6].kind == Kind::global && arguments[6].global->meaning == Meaning::element_type;
    if (!named) refuse(Defect::malformed_tensor, "a tensor without element type");
    tensor.dtype = arguments[6].global->dtype;
  }
  const int bytes = safetensors_item_bytes(tensor.dtype);
  if (!storage.untyped && bytes != safetensors_item_bytes(storage.dtype))
    refuse(Defect::size_mismatch, "a tensor of another type than its storage");
  const std::uint64_t unit = storage.untyped ? static_cast<std::uint64_t>(bytes) : 1;
  if (view.begin % unit != 0) refuse(Defect::malformed_tensor, "a view that begins within an element");
  tensor.offset = storage_count(arguments[1], Defect::out_of_bounds);
  tensor.shape = sizes_from(arguments[2]);
  tensor.stride = sizes_from(arguments[3]);
  check_bounds(tensor, view.count / unit);
  tensor.offset += view.begin / unit;
  document_.tensors.push_back(std::move(tensor));
  return PickleValue::at(Kind::tensor, document_.tensors.size() - 1);
}

void PickleMachine::check_bounds(TensorClaim& tensor, std::uint64_t available) const {
  if (tensor.shape.size() != tensor.stride.size())
    refuse(Defect::malformed_tensor, "a tensor with " + std::to_string(tensor.shape.size()) + " sizes and " +
                                         std::to_string(tensor.stride.size()) + " strides");
  std::uint64_t last = tensor.offset;
  tensor.elements = 1;
  bool within = tensor.offset <= available;
  bool countable = true;
  const bool empty = std::find(tensor.shape.begin(), tensor.shape.end(), 0) != tensor.shape.end();
  for (std::size_t i = 0; i < tensor.shape.size() && !empty; ++i) {
    const auto size = static_cast<std::uint64_t>(tensor.shape[i]);
    within = within && add_product(last, size - 1, static_cast<std::uint64_t>(tensor.stride[i]));
    countable = countable && !__builtin_mul_overflow(tensor.elements, size, &tensor.elements);
  }
  if (empty) tensor.elements = 0;
  tensor.span = empty ? 0 : last - tensor.offset + 1;
  if (!within || (!empty && last >= available))
    refuse(Defect::out_of_bounds,
           "a tensor reaches beyond its storage of " + std::to_string(available) + " elements");
  if (!countable || tensor.elements > kMostElements)
    refuse(Defect::limit_exceeded, "a tensor of more than 2^56 elements");
}

}  // namespace scarp::nn

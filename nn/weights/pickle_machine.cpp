// SPDX-License-Identifier: Apache-2.0
#include "nn/weights/pickle_machine.h"

#include <utility>

#include "nn/io/printable.h"

namespace scarp::nn {
namespace {

constexpr std::size_t kMostObjects = 2'000'000;
constexpr std::uint8_t kStop = '.';

}  // namespace

PickleDocument PickleMachine::run(PickleStream& stream) {
  PickleMachine machine(stream);
  for (std::uint8_t opcode = stream.byte(); opcode != kStop; opcode = stream.byte()) machine.step(opcode);
  machine.document_.root = machine.pop();
  return std::move(machine.document_);
}

void PickleMachine::step(std::uint8_t opcode) {
  const bool known = take_number(opcode) || take_text(opcode) || take_container(opcode) ||
                     take_items(opcode) || take_memo(opcode) || take_frame(opcode) || take_object(opcode);
  if (known) return;
  refuse(Defect::malformed_pickle, "unknown opcode " + std::to_string(opcode));
}

void PickleMachine::refuse(Defect defect, const std::string& reason) const {
  throw FormatError(defect, stream_.name(),
                    reason + " (pickle, before byte " + std::to_string(stream_.place()) + ")");
}

PickleValue PickleMachine::pop() {
  const std::size_t floor = marks_.empty() ? 0 : marks_.back();
  if (stack_.size() <= floor) refuse(Defect::malformed_pickle, "a value is taken from an empty stack");
  const PickleValue value = stack_.back();
  stack_.pop_back();
  return value;
}

PickleValue& PickleMachine::top() {
  push(pop());
  return stack_.back();
}

std::vector<PickleValue> PickleMachine::pop_to_mark() {
  if (marks_.empty()) refuse(Defect::malformed_pickle, "there is no mark");
  const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<PickleValue> items(begin, stack_.end());
  stack_.erase(begin, stack_.end());
  marks_.pop_back();
  return items;
}

void PickleMachine::push(PickleValue value) {
  if (stack_.size() == kMostObjects)
    refuse(Defect::limit_exceeded, "more than 2 million values on the stack");
  stack_.push_back(value);
}

void PickleMachine::count_objects(std::size_t count) {
  objects_ += count;
  if (objects_ > kMostObjects) refuse(Defect::limit_exceeded, "more than 2 million objects and entries");
}

PickleValue PickleMachine::add_sequence(Kind kind, std::vector<PickleValue> items) {
  count_objects(1 + items.size());
  document_.sequences.push_back(std::move(items));
  return PickleValue::at(kind, document_.sequences.size() - 1);
}

PickleValue PickleMachine::add_dict() {
  count_objects(1);
  document_.dicts.emplace_back();
  return PickleValue::at(Kind::dict, document_.dicts.size() - 1);
}

PickleValue PickleMachine::add_text(Kind kind, std::string text) {
  count_objects(1);
  document_.texts.push_back(std::move(text));
  return PickleValue::at(kind, document_.texts.size() - 1);
}

void PickleMachine::set_items(PickleValue dict, const std::vector<PickleValue>& keys_and_values) {
  if (keys_and_values.size() % 2 != 0) refuse(Defect::malformed_pickle, "a key without a value");
  if (dict.kind == Kind::record) return;
  if (dict.kind != Kind::dict) refuse(Defect::malformed_pickle, "items are set in what is no dict");
  count_objects(keys_and_values.size() / 2);
  auto& entries = document_.dicts[dict.index];
  for (std::size_t i = 0; i < keys_and_values.size(); i += 2)
    entries.emplace_back(keys_and_values[i], keys_and_values[i + 1]);
}

void PickleMachine::append(PickleValue list, const std::vector<PickleValue>& items) {
  if (list.kind != Kind::list && list.kind != Kind::set)
    refuse(Defect::malformed_pickle, "values are appended to what is no list");
  count_objects(items.size());
  auto& sequence = document_.sequences[list.index];
  sequence.insert(sequence.end(), items.begin(), items.end());
}

}  // namespace scarp::nn

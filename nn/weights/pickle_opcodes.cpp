// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "nn/io/printable.h"
#include "nn/weights/pickle_machine.h"

// Opcodes as in Python's pickletools; names beside the letters are those of that list.
namespace scarp::nn {
namespace {

constexpr std::uint8_t kNewestProtocol = 5;
constexpr std::uint32_t kHighestMemo = 1U << 24U;
constexpr std::size_t kMostMemos = 1'000'000;

}  // namespace

std::vector<PickleValue> PickleMachine::popped(std::size_t count) {
  std::vector<PickleValue> items(count);
  for (std::size_t i = count; i-- > 0;) items[i] = pop();
  return items;
}

bool PickleMachine::take_container(std::uint8_t opcode) {
  switch (opcode) {
    case ']':
      push(add_sequence(Kind::list, {}));
      return true;
    case ')':
      push(add_sequence(Kind::tuple, {}));
      return true;
    case 0x8F:  // EMPTY_SET
      push(add_sequence(Kind::set, {}));
      return true;
    case '}':
      push(add_dict());
      return true;
    case 'l':
      push(add_sequence(Kind::list, pop_to_mark()));
      return true;
    case 't':
      push(add_sequence(Kind::tuple, pop_to_mark()));
      return true;
    case 0x91:  // FROZENSET
      push(add_sequence(Kind::set, pop_to_mark()));
      return true;
    case 0x85:  // TUPLE1, TUPLE2, TUPLE3
    case 0x86:
    case 0x87:
      push(add_sequence(Kind::tuple, popped(opcode - 0x84U)));
      return true;
    case 'd': {
      const auto items = pop_to_mark();
      push(add_dict());
      set_items(top(), items);
      return true;
    }
    default:
      return false;
  }
}

bool PickleMachine::take_items(std::uint8_t opcode) {
  switch (opcode) {
    case 'a': {
      const auto item = popped(1);
      append(top(), item);
      return true;
    }
    case 'e':
    case 0x90: {  // APPENDS, ADDITEMS
      const auto items = pop_to_mark();
      append(top(), items);
      return true;
    }
    case 's': {
      const auto items = popped(2);
      set_items(top(), items);
      return true;
    }
    case 'u': {
      const auto items = pop_to_mark();
      set_items(top(), items);
      return true;
    }
    default:
      return false;
  }
}

void PickleMachine::put_memo(std::uint32_t index) {
  if (index > kHighestMemo || memo_.size() >= kMostMemos)
    refuse(Defect::limit_exceeded, "a memo of number " + std::to_string(index));
  memo_[index] = top();
}

void PickleMachine::push_memo(std::uint32_t index) {
  const auto found = memo_.find(index);
  if (found == memo_.end())
    refuse(Defect::malformed_pickle, "memo " + std::to_string(index) + " is not there");
  push(found->second);
}

std::uint32_t PickleMachine::memo_line() {
  const std::string text = stream_.line();
  std::uint32_t index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (end != text.data() + text.size() || error != std::errc())
    refuse(Defect::malformed_pickle, printable(text) + " is no number of a memo");
  return index;
}

bool PickleMachine::take_memo(std::uint8_t opcode) {
  switch (opcode) {
    case 'p':
      put_memo(memo_line());
      return true;
    case 'q':
      put_memo(stream_.byte());
      return true;
    case 'r':
      put_memo(stream_.number<std::uint32_t>());
      return true;
    case 0x94:  // MEMOIZE
      put_memo(static_cast<std::uint32_t>(memo_.size()));
      return true;
    case 'g':
      push_memo(memo_line());
      return true;
    case 'h':
      push_memo(stream_.byte());
      return true;
    case 'j':
      push_memo(stream_.number<std::uint32_t>());
      return true;
    default:
      return false;
  }
}

bool PickleMachine::take_frame(std::uint8_t opcode) {
  switch (opcode) {
    case 0x80:  // PROTO
      if (const auto protocol = stream_.byte(); protocol > kNewestProtocol)
        refuse(Defect::unsupported, "pickle protocol " + std::to_string(protocol));
      return true;
    case 0x95:  // FRAME
      stream_.expect(stream_.number<std::uint64_t>());
      return true;
    case '(':
      if (marks_.size() == kMostMemos) refuse(Defect::limit_exceeded, "too many marks");
      marks_.push_back(stack_.size());
      return true;
    case '0':  // POP
      pop();
      return true;
    case '1':  // POP_MARK
      pop_to_mark();
      return true;
    case '2':  // DUP
      push(top());
      return true;
    default:
      return false;
  }
}

bool PickleMachine::take_object(std::uint8_t opcode) {
  switch (opcode) {
    case 'c':
    case 'i': {  // GLOBAL, INST
      const std::string module = stream_.line();
      push_global(module, stream_.line());
      if (opcode == 'i') refuse(Defect::unsupported, "objects of protocol 0");
      return true;
    }
    case 0x93: {  // STACK_GLOBAL
      const PickleValue name = pop();
      const PickleValue module = pop();
      if (name.kind != Kind::text || module.kind != Kind::text)
        refuse(Defect::malformed_pickle, "the name of a global is no text");
      push_global(document_.text(module), document_.text(name));
      return true;
    }
    case 'R':
    case 0x81:  // REDUCE, NEWOBJ
      call();
      return true;
    case 'b':
      build();
      return true;
    case 'Q':
      push_storage();
      return true;
    case 'P':
      refuse(Defect::malformed_pickle, "a storage that is named by a line of text");
    case 'o':
    case 0x92:  // OBJ, NEWOBJ_EX
      refuse(Defect::unsupported, "objects with keyword arguments, or of protocol 0");
    case 0x82:
    case 0x83:
    case 0x84:  // EXT1, EXT2, EXT4
      refuse(Defect::unsupported, "the registry of extensions");
    case 0x97:
    case 0x98:  // NEXT_BUFFER, READONLY_BUFFER
      refuse(Defect::unsupported, "buffers outside the pickle");
    default:
      return false;
  }
}

}  // namespace scarp::nn

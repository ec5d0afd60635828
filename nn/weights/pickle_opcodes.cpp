// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <charconv>
#include <limits>

#include "nn/io/printable.h"
#include "nn/weights/pickle_machine.h"

// Opcodes as in Python's pickletools; names beside the letters are those of that list.
namespace scarp::nn {
namespace {

constexpr std::uint8_t kNewestProtocol = 5;
constexpr std::uint32_t kHighestMemo = 1U << 24U;
constexpr std::size_t kMostMemos = 2'000'000;
constexpr std::uint64_t kLongestInteger = 1024;

/// Little-endian two's complement; false if it does not fit 64 bits.
bool integer_from(const std::string& bytes, std::int64_t& value) {
  const bool negative = !bytes.empty() && (static_cast<unsigned char>(bytes.back()) & 0x80U) != 0;
  std::uint64_t bits = negative ? ~std::uint64_t{0} : 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if (i >= sizeof(bits)) {
      if (byte != (negative ? 0xFFU : 0U)) return false;
      continue;
    }
    bits &= ~(std::uint64_t{0xFF} << (8 * i));
    bits |= static_cast<std::uint64_t>(byte) << (8 * i);
  }
  value = static_cast<std::int64_t>(bits);
  return (value < 0) == negative;
}

double big_endian_real(std::uint64_t bits) {
  return std::bit_cast<double>(__builtin_bswap64(bits));
}

}  // namespace

bool PickleMachine::take_number(std::uint8_t opcode) {
  switch (opcode) {
    case 'N':
      push({});
      return true;
    case 0x88:  // NEWTRUE
    case 0x89:  // NEWFALSE
      push(PickleValue::of_boolean(opcode == 0x88));
      return true;
    case 'J':  // BININT
      push(PickleValue::of_integer(static_cast<std::int32_t>(stream_.number<std::uint32_t>())));
      return true;
    case 'K':  // BININT1
      push(PickleValue::of_integer(stream_.byte()));
      return true;
    case 'M':  // BININT2
      push(PickleValue::of_integer(stream_.number<std::uint16_t>()));
      return true;
    case 0x8A:  // LONG1
      push_long(stream_.byte());
      return true;
    case 0x8B: {  // LONG4
      const auto length = static_cast<std::int32_t>(stream_.number<std::uint32_t>());
      if (length < 0) refuse(Defect::malformed_pickle, "a number of negative length");
      push_long(static_cast<std::uint64_t>(length));
      return true;
    }
    case 'I':
    case 'L':
      push_integer_line(opcode == 'L');
      return true;
    case 'F':
      push_real_line();
      return true;
    case 'G':  // BINFLOAT
      push(PickleValue::of_real(big_endian_real(stream_.number<std::uint64_t>())));
      return true;
    default:
      return false;
  }
}

void PickleMachine::push_long(std::uint64_t bytes) {
  stream_.expect(bytes);
  if (bytes > kLongestInteger) refuse(Defect::limit_exceeded, "a number of more than 1024 bytes");
  std::int64_t value = 0;
  std::string digits = stream_.bytes(bytes);
  if (integer_from(digits, value)) {
    push(PickleValue::of_integer(value));
  } else {
    push(add_text(Kind::big_integer, std::move(digits)));
  }
}

void PickleMachine::push_integer_line(bool long_form) {
  std::string text = stream_.line();
  if (!long_form && (text == "00" || text == "01")) return push(PickleValue::of_boolean(text == "01"));
  if (long_form && text.ends_with('L')) text.pop_back();
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument)
    refuse(Defect::malformed_pickle, printable(text) + " is no whole number");
  push(error == std::errc() ? PickleValue::of_integer(value) : add_text(Kind::big_integer, text));
}

void PickleMachine::push_real_line() {
  const std::string text = stream_.line();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument)
    refuse(Defect::malformed_pickle, printable(text) + " is no number");
  push(PickleValue::of_real(value));
}

void PickleMachine::push_text(std::string text, bool must_be_text) {
  const bool is_text = is_utf8(text);
  if (must_be_text && !is_text) refuse(Defect::malformed_pickle, "a text is not UTF-8");
  push(add_text(is_text ? Kind::text : Kind::bytes, std::move(text)));
}

void PickleMachine::push_quoted_line() {
  const std::string line = stream_.line();
  const bool quoted = line.size() >= 2 && line.front() == line.back() && (line[0] == '\'' || line[0] == '"');
  if (!quoted) refuse(Defect::malformed_pickle, "a text without quotes");
  if (line.find('\\') != std::string::npos) refuse(Defect::unsupported, "escapes in a text of protocol 0");
  push_text(line.substr(1, line.size() - 2), false);
}

bool PickleMachine::take_text(std::uint8_t opcode) {
  switch (opcode) {
    case 'X':  // BINUNICODE
      push_text(stream_.bytes(stream_.number<std::uint32_t>()), true);
      return true;
    case 0x8C:  // SHORT_BINUNICODE
      push_text(stream_.bytes(stream_.byte()), true);
      return true;
    case 0x8D:  // BINUNICODE8
      push_text(stream_.bytes(stream_.number<std::uint64_t>()), true);
      return true;
    case 'V':  // UNICODE
      push_text(stream_.line(), true);
      return true;
    case 'T':  // BINSTRING of Python 2: text where it is UTF-8
      push_text(stream_.bytes(stream_.number<std::uint32_t>()), false);
      return true;
    case 'U':  // SHORT_BINSTRING
      push_text(stream_.bytes(stream_.byte()), false);
      return true;
    case 'S':  // STRING
      push_quoted_line();
      return true;
    case 'C':  // SHORT_BINBYTES
      push(add_text(Kind::bytes, stream_.bytes(stream_.byte())));
      return true;
    case 'B':  // BINBYTES
      push(add_text(Kind::bytes, stream_.bytes(stream_.number<std::uint32_t>())));
      return true;
    case 0x8E:  // BINBYTES8
    case 0x96:  // BYTEARRAY8
      push(add_text(Kind::bytes, stream_.bytes(stream_.number<std::uint64_t>())));
      return true;
    default:
      return false;
  }
}

bool PickleMachine::take_container(std::uint8_t opcode) {
  const auto last = [this](std::size_t count) {
    std::vector<PickleValue> items(count);
    for (std::size_t i = count; i-- > 0;) items[i] = pop();
    return items;
  };
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
      push(add_sequence(Kind::tuple, last(opcode - 0x84U)));
      return true;
    case 'a': {
      const auto item = last(1);
      append(top(), item);
      return true;
    }
    case 'e':
    case 0x90: {  // APPENDS, ADDITEMS
      const auto items = pop_to_mark();
      append(top(), items);
      return true;
    }
    case 'd': {
      const auto items = pop_to_mark();
      push(add_dict());
      set_items(top(), items);
      return true;
    }
    case 's': {
      const auto items = last(2);
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

bool PickleMachine::take_memo(std::uint8_t opcode) {
  const auto put = [this](std::uint32_t index) {
    if (index > kHighestMemo || memo_.size() >= kMostMemos)
      refuse(Defect::limit_exceeded, "a memo of number " + std::to_string(index));
    memo_[index] = top();
  };
  const auto get = [this](std::uint32_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end())
      refuse(Defect::malformed_pickle, "memo " + std::to_string(index) + " is not there");
    push(found->second);
  };
  const auto number_line = [this] {
    const std::string text = stream_.line();
    std::uint32_t index = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
    if (end != text.data() + text.size() || error != std::errc())
      refuse(Defect::malformed_pickle, printable(text) + " is no number of a memo");
    return index;
  };
  switch (opcode) {
    case 'p':
      put(number_line());
      return true;
    case 'q':
      put(stream_.byte());
      return true;
    case 'r':
      put(stream_.number<std::uint32_t>());
      return true;
    case 0x94:  // MEMOIZE
      put(static_cast<std::uint32_t>(memo_.size()));
      return true;
    case 'g':
      get(number_line());
      return true;
    case 'h':
      get(stream_.byte());
      return true;
    case 'j':
      get(stream_.number<std::uint32_t>());
      return true;
    default:
      return false;
  }
}

bool PickleMachine::take_object(std::uint8_t opcode) {
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

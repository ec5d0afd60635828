// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <charconv>
#include <limits>

#include "nn/io/printable.h"
#include "nn/weights/pickle_machine.h"

// Opcodes as in Python's pickletools; names beside the letters are those of that list.
namespace scarp::nn {
namespace {

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

}  // namespace scarp::nn

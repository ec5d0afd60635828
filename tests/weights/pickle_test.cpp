// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <gmock/gmock.h>

#include "nn/weights/pickle_machine.h"
#include "nn/weights/strided_copy.h"
#include "nn/weights/torch_object.h"

namespace scarp::nn {
namespace {

using namespace std::string_literals;
using Kind = PickleValue::Kind;

PickleDocument document_of(const std::string& bytes) {
  const auto source = bytes_in_memory("f", std::as_bytes(std::span(bytes)));
  PickleStream stream(*source, 0);
  return PickleMachine::run(stream);
}

std::string refusal_of(const std::string& bytes) {
  try {
    tensors_of(document_of(bytes), "f");
  } catch (const FormatError& error) {
    return error.what();
  }
  return "read";
}

std::string text(const std::string& value) {
  return "X" + std::string(1, static_cast<char>(value.size())) + "\0\0\0"s + value;
}

/// Numbers below 256, as a tuple.
std::string numbers(const std::vector<int>& values) {
  std::string made = "(";
  for (const int value : values) made += "K" + std::string(1, static_cast<char>(value));
  return made + "t";
}

/// A float tensor of storage "0" with `count` elements.
std::string tensor(int count, int offset, const std::vector<int>& shape, const std::vector<int>& stride) {
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\nFloatStorage\n" + text("0") +
         text("cpu") + "K" + static_cast<char>(count) + "tQK" + static_cast<char>(offset) + numbers(shape) +
         numbers(stride) + "\x89NtR";
}

TEST(PickleMachine, ReadsNumbersOfEveryOpcode) {
  const PickleDocument document = document_of(
      "(K\x07M\x01\x02J\xff\xff\xff\xff\x8a\x01\x80\x8a\x08\0\0\0\0\0\0\0\x80I42\nI01\nL-5L\nF-0.5\nG\x3f\xe0\0\0\0\0\0\0l."s);
  const auto& items = document.sequence(document.root);
  const std::vector<std::int64_t> wanted = {7,  513, -1, -128, std::numeric_limits<std::int64_t>::min(),
                                            42, 1,   -5};
  ASSERT_EQ(items.size(), 10U);
  for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_EQ(items[i].integer, wanted[i]) << i;
  EXPECT_EQ(items[6].kind, Kind::boolean);
  EXPECT_EQ(items[8].real, -0.5);
  EXPECT_EQ(items[9].real, 0.5);
}

TEST(PickleMachine, TellsNumbersBeyond64BitsApart) {
  EXPECT_EQ(document_of("\x8a\x09\0\0\0\0\0\0\0\x80\0."s).root.kind, Kind::big_integer);
  EXPECT_EQ(document_of("L9223372036854775808L\n.").root.kind, Kind::big_integer);
  EXPECT_EQ(document_of("\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\xff."s).root.integer, -1);
}

TEST(PickleMachine, ReadsTheSameDictFromEveryProtocol) {
  for (const std::string& bytes : {"(dp0\nS'a'\np1\nI3\ns."s,
                                   "}U\x01"
                                   "aK\x03s."s,
                                   "\x80\x02}q\0X\x01\0\0\0aK\x03s."s,
                                   "\x80\x04\x95\x08\0\0\0\0\0\0\0}\x94\x8c\x01"
                                   "aK\x03s."s}) {
    const PickleDocument document = document_of(bytes);
    ASSERT_EQ(document.root.kind, Kind::dict);
    ASSERT_EQ(document.dict(document.root).size(), 1U);
    EXPECT_EQ(document.text(document.dict(document.root)[0].first), "a");
    EXPECT_EQ(document.dict(document.root)[0].second.integer, 3);
  }
}

TEST(PickleMachine, KeepsViewsWithinTheirStorage) {
  const auto claim = document_of(tensor(6, 1, {2, 2}, {3, 1}) + ".").tensors.at(0);
  EXPECT_EQ(claim.offset, 1U);
  EXPECT_EQ(claim.elements, 4U);
  EXPECT_EQ(claim.dtype, "F32");
  EXPECT_EQ(refusal_of(tensor(6, 1, {2, 2}, {3, 1}) + "."), "read");
  EXPECT_THAT(refusal_of(tensor(5, 1, {2, 2}, {3, 1}) + "."),
              testing::StartsWith("f: out of bounds: a tensor reaches beyond its storage of 5 elements"));
  EXPECT_EQ(refusal_of(tensor(0, 0, {0, 3}, {3, 1}) + "."), "read");
  EXPECT_EQ(refusal_of(tensor(1, 0, {200, 200}, {0, 0}) + "."), "read");
}

// No element lies a stride of 2^63 - 1 away where there is but one along its axis.
TEST(RowMajor, NeverWalksTheStrideOfASingleElement) {
  TensorClaim view;
  view.dtype = "U8";
  view.shape = {2, 1, 2};
  view.stride = {3, std::numeric_limits<std::int64_t>::max(), 1};
  view.elements = 4;
  view.span = 5;
  const std::string storage = "abcde";
  const auto bytes = row_major(view, std::as_bytes(std::span(storage)));
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), "abde");
}

TEST(PickleMachine, NamesWhatItDoesNotRun) {
  EXPECT_THAT(
      refusal_of("cposix\nsystem\n(S'true'\ntR."),
      testing::StartsWith("f: global not allowed: \"posix.system\" is named, and nothing but tensors"));
  EXPECT_THAT(refusal_of("ctorch._utils\n_rebuild_tensor_v2 \n."), testing::HasSubstr("global not allowed"));
  EXPECT_THAT(refusal_of("ctorch\nQInt8Storage\n."),
              testing::HasSubstr("unsupported: \"torch.QInt8Storage\""));
}

TEST(PickleMachine, TakesADictWithADefaultForADict) {
  const std::string made = "ccollections\ndefaultdict\n(cbuiltins\nlist\ntR";
  EXPECT_EQ(refusal_of(made + text("w") + tensor(1, 0, {}, {}) + "s."), "read");
  EXPECT_THAT(refusal_of("cbuiltins\nlist\n)R."),
              testing::HasSubstr("\"list\" is called, and is no function"));
}

// What torch.load(weights_only=True) reads beside tensors.
TEST(PickleMachine, PassesOverValuesOfWhichNothingIsUsed) {
  for (const std::string& value :
       {"ctorch.serialization\n_get_layout\n(" + text("torch.strided") + "tR", "ctorch\ncomplex64\n"s,
        "c__builtin__\nbytearray\n(" + text("xy") + "tR", "cbuiltins\ncomplex\n(K\x01K\x02tR"s})
    EXPECT_EQ(refusal_of("}(" + text("w") + tensor(1, 0, {}, {}) + text("v") + value + "u."), "read")
        << value;
  EXPECT_THAT(
      refusal_of("ctorch._utils\n_rebuild_tensor_v3\n((" + text("storage") + "ctorch\nUntypedStorage\n" +
                 text("0") + text("cpu") + "K\x08tQK\0))N}"s + "ctorch\ncomplex64\ntR."),
      testing::HasSubstr("a tensor without element type"));
}

TEST(PickleMachine, SaysWhatIsWrongAndWhere) {
  for (const auto& [bytes, reason] :
       {std::pair{"R."s, "malformed pickle: a value is taken from an empty stack (pickle, before byte 1)"},
        {"K\x01K\x02"
         "a."s,
         "malformed pickle: values are appended to what is no list (pickle, before byte 5)"},
        {"}(K\x01u."s, "malformed pickle: a key without a value (pickle, before byte 5)"},
        {"h\x05."s, "malformed pickle: memo 5 is not there (pickle, before byte 2)"},
        {"\xff."s, "malformed pickle: unknown opcode 255 (pickle, before byte 1)"},
        {"\x80\x09N."s, "unsupported: pickle protocol 9 (pickle, before byte 2)"},
        {"N"s, "truncated: the pickle needs 1 bytes at byte 1, 0 are left"},
        {"N."s, "not a state dict: there is no tensor in it"},
        {"]r\xff\xff\xff\xff."s, "limit exceeded: a memo of number 4294967295 (pickle, before byte 6)"}}) {
    EXPECT_EQ(refusal_of(bytes), "f: "s + reason);
  }
}

// A stream of 2 million equal bytes packs to nothing: what containers hold counts, not only containers.
TEST(PickleMachine, CountsWhatObjectsHold) {
  const std::string most(1'100'000, 'N');
  for (const std::string& bytes : {"](" + most + "e(" + most + "e.",                              // APPENDS
                                   "}(" + most + "u(" + most + "u(" + most + "u(" + most + "u.",  // SETITEMS
                                   "(" + most + "t(" + most + "t."}) {                            // TUPLE
    EXPECT_THAT(refusal_of(bytes), testing::StartsWith("f: limit exceeded: more than 2 million objects"));
  }
}

// Arguments are copied, and a tuple of a million can be handed to a call a million times.
TEST(PickleMachine, CallsNothingWithManyArguments) {
  const std::string name = "cargparse\nNamespace\n(";
  EXPECT_THAT(refusal_of(name + std::string(33, 'N') + "tR."),
              testing::StartsWith("f: malformed pickle: a call with more than 32 arguments"));
  EXPECT_THAT(refusal_of(name + std::string(32, 'N') + "tR."), testing::HasSubstr("not a state dict"));
}

std::string long_text(std::size_t length) {
  return "X"s + static_cast<char>(length & 0xFFU) + static_cast<char>(length >> 8U) + "\0\0"s +
         std::string(length, 'k');
}

// Keys are copied wherever their dict is used, names for every tensor.
TEST(TensorsOf, LimitsKeysAndNames) {
  EXPECT_THAT(refusal_of("}" + long_text(4097) + "Ns."),
              testing::AllOf(testing::StartsWith("f: limit exceeded: key \"kkk"),
                             testing::HasSubstr("longer than 4096 bytes")));
  const auto shared = [](int times) {
    std::string bytes = "}" + long_text(4096) + "](" + tensor(1, 0, {}, {}) + "q\1"s;
    for (int i = 1; i < times; ++i) bytes += "h\1"s;
    return bytes + "es.";
  };
  EXPECT_EQ(refusal_of(shared(1000)), "read");
  EXPECT_THAT(refusal_of(shared(10'000)),
              testing::HasSubstr("limit exceeded: the names of its tensors take more than 32 MiB"));
}

// A list that many names share is walked under each of them, up to a limit; one that holds itself, once.
TEST(TensorsOf, EndsWhereObjectsHoldEachOther) {
  EXPECT_THAT(refusal_of("]q\0h\0a."s), testing::HasSubstr("not a state dict"));
  std::string bomb = "]q\0K\x01"s + "a0";
  for (char level = 1; level < 28; ++level) {
    bomb += "](";
    for (int i = 0; i < 10; ++i) bomb += "h"s + static_cast<char>(level - 1);
    bomb += "eq"s + level + "0";
  }
  EXPECT_THAT(refusal_of(bomb + "h\x1b."), testing::HasSubstr("limit exceeded: more than a million values"));
  EXPECT_THAT(refusal_of(std::string(200'000, ']') + std::string(199'999, 'a') + "."),
              testing::HasSubstr("limit exceeded: lists and dicts nested deeper than 32"));
}

TEST(TensorsOf, RefusesOneNameTwice) {
  EXPECT_THAT(refusal_of("}(" + text("w") + tensor(1, 0, {}, {}) + text("w") + tensor(1, 0, {}, {}) + "u."),
              testing::HasSubstr("two tensors are called \"w\""));
}

TEST(NotesOf, AreTextsAndNumbersBesideTheTensors) {
  const auto notes =
      notes_of(document_of("}(" + text("epoch") + "K\x05" + text("arch") + text("vit") + text("done") +
                           "\x88" + text("lr") + "F0.25\n" + text("none") + "Nu."));
  EXPECT_EQ(notes, (std::map<std::string, std::string>{
                       {"arch", "vit"}, {"done", "true"}, {"epoch", "5"}, {"lr", "0.25"}}));
}

TEST(NotesOf, AreAThousandAtMostAndNoneOfALongKey) {
  EXPECT_TRUE(notes_of(document_of("}" + long_text(1025) + "K\1s."s)).empty());
  std::string many = "}(";
  for (int i = 0; i < 1001; ++i) many += text("k" + std::to_string(i)) + "K\1"s;
  EXPECT_EQ(notes_of(document_of(many + "u.")).size(), 1000U);
}

// Whatever bytes follow each other, the machine ends with a document or a refusal.
TEST(PickleMachine, SurvivesDamage) {
  const std::string sound = "\x80\x02}(" + text("w") + tensor(6, 1, {2, 2}, {3, 1}) + text("n") + "K\x05u.";
  ASSERT_EQ(refusal_of(sound), "read");
  int refused = 0;
  for (std::size_t i = 0; i < sound.size(); ++i) {
    EXPECT_NE(refusal_of(sound.substr(0, i)), "read") << i;
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = sound;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      refused += refusal_of(damaged) != "read" ? 1 : 0;
    }
  }
  EXPECT_GT(refused, static_cast<int>(sound.size()) * 4);
}

}  // namespace
}  // namespace scarp::nn

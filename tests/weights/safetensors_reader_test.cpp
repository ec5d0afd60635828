// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <fstream>
#include <sys/stat.h>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "nn/format_error.h"
#include "nn/io/printable.h"
#include "nn/io/safetensors.h"
#include "tests/support/golden_files.h"
#include "tests/support/test_files.h"

namespace scarp::nn {
namespace {

std::string file_of(const std::string& header, const std::string& data = {}) {
  const std::uint64_t length = header.size();
  std::string bytes(sizeof(length), '\0');
  std::memcpy(bytes.data(), &length, sizeof(length));
  return bytes + header + data;
}

SafetensorsHeader header_of(const std::string& bytes) {
  return SafetensorsFile(bytes_in_memory("f", std::as_bytes(std::span(bytes)))).header();
}

std::string refusal_of(const std::string& bytes) {
  try {
    header_of(bytes);
  } catch (const FormatError& error) {
    return error.what();
  }
  return "read";
}

TEST(SafetensorsReader, RefusesEveryHostileFileWithTheReasonOfItsManifest) {
  SCARP_GOLDEN(manifest, "checkpoints/hostile/manifest.json");
  int refused = 0;
  const auto document = nlohmann::json::parse(std::ifstream(manifest));
  for (const auto& entry : document.at("files")) {
    const std::string name = entry.at("file");
    if (!name.starts_with("st_") || entry.at("expect") != "reject") continue;
    try {
      SafetensorsFile file(test::golden_file("checkpoints/hostile/" + name));
      ADD_FAILURE() << name << " is read, " << entry.at("why");
    } catch (const FormatError& error) {
      EXPECT_EQ(defect_name(error.defect()), entry.at("kind").get<std::string>()) << error.what();
      ++refused;
    }
  }
  EXPECT_EQ(refused, 61);
}

TEST(SafetensorsReader, SaysWhereAndWhat) {
  const auto entry = [](const std::string& text) { return file_of("{\"w\":" + text + "}"); };
  EXPECT_EQ(
      refusal_of(""),
      "f: truncated: a safetensors file begins with eight bytes of length, this one has 0 bytes in all");
  EXPECT_EQ(refusal_of(file_of("[]")), "f: malformed header: the header is not a JSON object");
  EXPECT_EQ(refusal_of(file_of("{\"a\":}")), "f: malformed header: not JSON at byte 6");
  EXPECT_EQ(refusal_of(entry(R"({"dtype":"F33","shape":[],"data_offsets":[0,4]})")),
            "f: malformed header: tensor \"w\": unknown dtype \"F33\"");
  EXPECT_EQ(refusal_of(entry(R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})")),
            "f: size mismatch: tensor \"w\": its shape needs 8 bytes, its offsets are 0 to 4");
  EXPECT_EQ(refusal_of(entry(R"({"dtype":"F32","shape":[],"data_offsets":[0,4]})")),
            "f: out of bounds: the header describes 4 bytes of data, the file holds 0; it is cut short or "
            "damaged, fetch it again");
  EXPECT_EQ(refusal_of(entry(R"({"dtype":"F32","shape":[]})")),
            "f: malformed header: tensor \"w\": dtype, shape and data_offsets must all be there");
  EXPECT_EQ(refusal_of(entry(R"({"dtype":"F32","shape":[],"data_offsets":[0,4],"more":1})")),
            "f: malformed header: tensor \"w\": unknown field \"more\"");
  EXPECT_EQ(refusal_of(file_of(R"({"__metadata__":{"a":"1","a":"2"}})")),
            "f: malformed header: __metadata__: key \"a\" occurs twice");
}

TEST(SafetensorsReader, ShowsNoControlCharacterOfAForeignName) {
  EXPECT_EQ(refusal_of(file_of(R"({"\u001b[31m":1})")),
            "f: malformed header: a number stands where none is expected");
  EXPECT_EQ(refusal_of(file_of(R"({"\u001b[31m":{"dtype":"\n"}})")),
            "f: malformed header: tensor \"?[31m\": unknown dtype \"?\"");
  EXPECT_EQ(printable("caf\xC3\xA9 \xC3"), "\"caf\xC3\xA9 ?\"");
  EXPECT_EQ(printable("\xC2\x9B"
                      "1m\x7F\xED\xA0\x80"),
            "\"?1m????\"");
  EXPECT_EQ(printable(std::string(200, 'n')).size(), 104U);
}

// The walk keeps a set of names, not a list: two hundred thousand tensors would otherwise take minutes.
TEST(SafetensorsReader, ReadsManyTensors) {
  std::string header = "{";
  const int count = 200'000;
  for (int i = 0; i < count; ++i) {
    header += (i == 0 ? "\"" : ",\"") + std::to_string(i) +
              R"(":{"dtype":"U8","shape":[1],"data_offsets":[)" + std::to_string(i) + "," +
              std::to_string(i + 1) + "]}";
  }
  EXPECT_EQ(header_of(file_of(header + "}", std::string(count, 'x'))).tensors.size(), 200'000U);
}

TEST(SafetensorsReader, CountsBytesBeyond64BitsWhereverASizeIsZero) {
  for (const char* shape : {"[0,4294967296,4294967296]", "[4294967296,4294967296,0]"}) {
    const std::string entry =
        std::string(R"({"w":{"dtype":"U8","shape":)") + shape + R"(,"data_offsets":[0,0]}})";
    EXPECT_EQ(refusal_of(file_of(entry)),
              "f: size mismatch: tensor \"w\": its shape has more bytes than 64 bits can count");
  }
}

TEST(SafetensorsReader, RefusesMoreThan200000Keys) {
  std::string header = R"({"__metadata__":{)";
  for (int i = 0; i <= 200'000; ++i) header += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":\"\"";
  EXPECT_THAT(refusal_of(file_of(header + "}}", "")),
              testing::HasSubstr("limit exceeded: __metadata__: more than 200000"));
}

TEST(SafetensorsReader, RefusesAFifoWithoutWaiting) {
  const test::TempFolder folder;
  const std::string path = folder.file("pipe.safetensors");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_THROW(SafetensorsFile{path}, Error);
}

}  // namespace
}  // namespace scarp::nn

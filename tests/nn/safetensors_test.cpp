// SPDX-License-Identifier: Apache-2.0
#include "nn/io/safetensors.h"

#include <cstring>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <torch/torch.h>

#include "nn/error.h"
#include "tests/support/golden_tensors.h"
#include "tests/support/test_files.h"
#include "tests/support/toy_training.h"

namespace scarp::nn {
namespace {

nlohmann::json json_file(const std::string& path) {
  return nlohmann::json::parse(std::ifstream(path));
}

std::string safetensors_bytes(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  std::string bytes(sizeof(length), '\0');
  std::memcpy(bytes.data(), &length, sizeof(length));
  return bytes + header + data;
}

TEST(SafetensorsFile, ReadsLegalButUnusualFiles) {
  SCARP_GOLDEN(manifest, "checkpoints/edge/manifest.json");
  int files = 0;
  const auto document = json_file(manifest);
  for (const auto& entry : document) {
    const std::string path = test::golden_file("checkpoints/edge/" + entry.at("file").get<std::string>());
    SCOPED_TRACE(path);
    const auto tensors = test::all_tensors(path);
    EXPECT_EQ(tensors.size(), entry.at("tensors").size());
    for (const auto& [name, wanted] : entry.at("tensors").items()) {
      ASSERT_TRUE(tensors.contains(name)) << name;
      const auto& tensor = tensors.at(name);
      EXPECT_EQ(tensor.sizes().vec(), wanted.at("shape").get<std::vector<std::int64_t>>());
      const auto values = tensor.to(torch::kFloat64).reshape(-1);
      ASSERT_EQ(static_cast<std::size_t>(values.numel()), wanted.at("values").size());
      for (std::int64_t i = 0; i < values.numel(); ++i)
        EXPECT_EQ(values[i].item<double>(), wanted.at("values")[static_cast<std::size_t>(i)].get<double>());
    }
    ++files;
  }
  EXPECT_GE(files, 8);
}

TEST(SafetensorsFile, RefusesEveryHostileFileAndReadsTheControls) {
  SCARP_GOLDEN(manifest, "checkpoints/hostile/manifest.json");
  int refused = 0, read = 0;
  const auto document = json_file(manifest);
  for (const auto& entry : document.at("files")) {
    const std::string name = entry.at("file");
    if (!name.starts_with("st_")) continue;
    const std::string path = test::golden_file("checkpoints/hostile/" + name);
    try {
      test::all_tensors(path);
      ++read;
      EXPECT_TRUE(entry.at("expect") == "read" || entry.contains("also_acceptable"))
          << name << ": " << entry.at("why");
    } catch (const Error& error) {
      ++refused;
      EXPECT_EQ(error.fault(), Fault::unreadable) << name;
      EXPECT_THAT(error.what(), testing::HasSubstr(name));
      EXPECT_EQ(entry.at("expect"), "reject") << name << ": " << error.what();
    }
  }
  EXPECT_GE(refused, 55);
  EXPECT_GE(read, 1);
}

TEST(SafetensorsFile, SaysThatAFileIsMissing) {
  const auto [fault, text] = test::nn_error_of([] { SafetensorsFile file("/nowhere/model.safetensors"); });
  EXPECT_EQ(fault, Fault::missing_file);
  EXPECT_THAT(text, testing::HasSubstr("/nowhere/model.safetensors"));
}

TEST(SafetensorsFile, RefusesAFolder) {
  const test::TempFolder folder;
  EXPECT_EQ(test::nn_error_of([&] { SafetensorsFile file(folder.path().string()); }).first,
            Fault::unreadable);
}

// Every way to cut a sound file short, and every single bit flipped in its header, is refused or read;
// nothing else happens.
TEST(SafetensorsFile, SurvivesDamage) {
  const test::TempFolder folder;
  const std::string path = folder.file("a.safetensors");
  const std::string sound = safetensors_bytes(
      R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"__metadata__":{"k":"v"}})", "12345678");
  int refused = 0;
  const auto try_bytes = [&](const std::string& bytes) {
    test::write_text(path, bytes);
    try {
      test::all_tensors(path);
    } catch (const Error& error) {
      EXPECT_EQ(error.fault(), Fault::unreadable);
      ++refused;
    }
  };
  for (std::size_t length = 0; length < sound.size(); ++length) try_bytes(sound.substr(0, length));
  EXPECT_EQ(refused, static_cast<int>(sound.size()));
  refused = 0;
  for (std::size_t i = 0; i < sound.size() - 8; ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = sound;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      try_bytes(damaged);
    }
  }
  EXPECT_GT(refused, 400);
  refused = 0;
  try_bytes(sound);
  EXPECT_EQ(refused, 0);
}

TEST(WriteTensors, WritesWhatIsReadBackBitForBit) {
  const test::TempFolder folder;
  torch::manual_seed(1);
  const NamedTensors written = {
      {"f32", torch::randn({2, 3})},
      {"f16", torch::randn({5}).to(torch::kFloat16)},
      {"bf16", torch::randn({5}).to(torch::kBFloat16)},
      {"f64", torch::randn({1, 1}, torch::kFloat64)},
      {"i64", torch::arange(4)},
      {"bool", torch::tensor({true, false})},
      {"scalar", torch::tensor(3.5F)},
      {"empty", torch::zeros({0, 4})},
      {"channels_last", torch::randn({2, 3, 4, 5}).contiguous(at::MemoryFormat::ChannelsLast)},
      {"view", torch::randn({6, 6}).slice(1, 1, 4)}};
  const std::string path = folder.file("t.safetensors");
  write_tensors(path, {{"about", "caf\u00e9 \"quoted\" \\ \n"}}, written);
  const auto read = test::all_tensors(path);
  ASSERT_EQ(read.size(), written.size());
  for (const auto& [name, tensor] : written) {
    EXPECT_EQ(read.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(test::same_bits(read.at(name), tensor)) << name;
  }
  EXPECT_EQ(SafetensorsFile(path).header().metadata.at("about"), "caf\u00e9 \"quoted\" \\ \n");
  EXPECT_EQ(folder.entries(), 1);  // no temporary file stays
}

TEST(WriteTensors, KeepsToTheFormatByteByByte) {
  const test::TempFolder folder;
  const std::string path = folder.file("t.safetensors");
  write_tensors(path, {{"k", "v"}}, {{"a", torch::tensor({1.0F, 2.0F})}});
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  const std::string text = bytes.str();
  std::uint64_t length = 0;
  std::memcpy(&length, text.data(), sizeof(length));
  EXPECT_EQ(text.size(), sizeof(length) + length + 8);
  EXPECT_EQ((sizeof(length) + length) % 64, 0U);  // data can be used in place when mapped
  const auto header = nlohmann::json::parse(text.substr(sizeof(length), length));
  EXPECT_EQ(header,
            nlohmann::json::parse(
                R"({"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})"));
  float values[2] = {};
  std::memcpy(values, text.data() + sizeof(length) + length, sizeof(values));
  EXPECT_EQ(values[1], 2);
}

TEST(WriteTensors, SaysThatAFolderIsMissing) {
  const auto [fault, text] = test::nn_error_of([] { write_tensors("/nowhere/t.safetensors", {}, {}); });
  EXPECT_EQ(fault, Fault::unwritable);
  EXPECT_THAT(text, testing::HasSubstr("/nowhere/t.safetensors"));
}

}  // namespace
}  // namespace scarp::nn

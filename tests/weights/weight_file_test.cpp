// SPDX-License-Identifier: Apache-2.0
#include "nn/weight_file.h"

#include <algorithm>
#include <fstream>
#include <limits>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "nn/format_error.h"
#include "nn/weights/pickle_machine.h"
#include "nn/weights/strided_copy.h"
#include "nn/weights/torch_object.h"
#include "nn/weights/torch_writer.h"
#include "tests/support/golden_files.h"
#include "tests/support/test_files.h"

namespace scarp::nn {
namespace {

nlohmann::json json_file(const std::string& path) {
  return nlohmann::json::parse(std::ifstream(path));
}

/// As `scarp model info` does: everything is opened and every value is read.
std::size_t read_all(const std::string& path) {
  const WeightFile file(path);
  for (const WeightTensor& tensor : file.tensors()) EXPECT_EQ(file.read(tensor).size(), tensor.bytes);
  return file.tensors().size();
}

void run_pickle(const std::string& path) {
  const auto bytes = open_file_bytes(path);
  PickleStream stream(*bytes, 0);
  tensors_of(PickleMachine::run(stream), path);
}

template <typename Reading>
std::string defect_of(Reading read, const std::string& path) {
  try {
    read(path);
  } catch (const FormatError& error) {
    return defect_name(error.defect());
  }
  return "control";
}

TEST(WeightFile, AnswersEveryHostileFileAsItsManifestSays) {
  SCARP_GOLDEN(manifest, "checkpoints/hostile/manifest.json");
  int refused = 0, controls = 0;
  const auto document = json_file(manifest);
  for (const auto& entry : document.at("files")) {
    const std::string name = entry.at("file");
    const std::string path = test::golden_file("checkpoints/hostile/" + name);
    const std::string wanted = entry.at("kind");
    if (name.ends_with(".pkl")) {
      EXPECT_EQ(defect_of(run_pickle, path), wanted) << name << ": " << entry.at("why");
      EXPECT_THAT(defect_of(read_all, path), testing::AnyOf(wanted, "unknown format", "truncated")) << name;
    } else {
      EXPECT_EQ(defect_of(read_all, path), wanted) << name << ": " << entry.at("why");
    }
    ++(wanted == "control" ? controls : refused);
  }
  EXPECT_EQ(refused, 199);
  EXPECT_EQ(controls, 3);
}

TEST(WeightFile, ReadsEveryCheckpointAsPyTorchDoes) {
  SCARP_GOLDEN(manifest, "checkpoints/manifest.json");
  int files = 0;
  const auto document = json_file(manifest);
  for (const auto& entry : document.at("files")) {
    SCOPED_TRACE(entry.at("file"));
    const WeightFile file(test::golden_file("checkpoints/" + entry.at("file").get<std::string>()));
    const WeightFile expected(test::golden_file("checkpoints/" + entry.at("tensors").get<std::string>()));
    EXPECT_EQ(file.container() == WeightContainer::torch_zip, entry.at("container") == "zip");
    ASSERT_EQ(file.tensors().size(), expected.tensors().size());
    for (const WeightTensor& wanted : expected.tensors()) {
      const auto found = std::find_if(file.tensors().begin(), file.tensors().end(),
                                      [&](const WeightTensor& each) { return each.name() == wanted.name(); });
      ASSERT_NE(found, file.tensors().end()) << wanted.name();
      EXPECT_EQ(found->dtype, wanted.dtype) << wanted.name();
      EXPECT_EQ(found->shape, wanted.shape) << wanted.name();
      EXPECT_TRUE(file.read(*found) == expected.read(wanted)) << wanted.name();
    }
    ++files;
  }
  EXPECT_EQ(files, 24);
}

TEST(WeightFile, RefusesEntriesWhoseOwnHeaderTellsAnotherMethodOrACipher) {
  const test::TempFolder folder;
  const std::string path = folder.file("w.pt");
  write_torch_zip(path, {{"a", {"U8", {3}, std::vector<std::byte>(3)}}});
  std::ifstream file(path, std::ios::binary);
  const std::string whole(std::istreambuf_iterator<char>(file), {});
  const auto defect_with = [&](std::size_t place, char value) {
    std::string bytes = whole;
    bytes[place] = value;
    try {
      const WeightFile weights("w.pt", bytes.data(), bytes.size());
      return std::string("read");
    } catch (const FormatError& error) {
      return std::string(defect_name(error.defect()));
    }
  };
  const std::size_t header = whole.find("PK\x03\x04", 4);  // of the second entry
  EXPECT_EQ(defect_with(header + 8, 0), "read");
  EXPECT_EQ(defect_with(header + 8, 9), "malformed zip");
  EXPECT_EQ(defect_with(header + 6, 1), "malformed zip");
}

// PyTorch writes whatever stride such an axis has; no step along it is ever taken.
TEST(RowMajor, TakesAnyStrideAlongAnAxisOfOneElement) {
  constexpr std::int64_t kAny = std::numeric_limits<std::int64_t>::max();
  TensorClaim tensor;
  tensor.dtype = "U8";
  tensor.shape = {2, 1, 1, 2, 1};
  tensor.stride = {1, kAny, kAny - 1, 2, kAny};
  tensor.elements = tensor.span = 4;
  const std::string stored = "abcd", wanted = "acbd";
  const auto bytes = row_major(tensor, std::as_bytes(std::span(stored)));
  EXPECT_TRUE(std::ranges::equal(bytes, std::as_bytes(std::span(wanted))));
}

}  // namespace
}  // namespace scarp::nn

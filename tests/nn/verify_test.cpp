// SPDX-License-Identifier: Apache-2.0
#include "nn/verify.h"

#include <algorithm>
#include <filesystem>

#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <torch/torch.h>

#include "nn/io/tensor_file.h"
#include "nn/torch/contrast.h"
#include "tests/support/golden_tensors.h"
#include "tests/support/test_files.h"

namespace scarp::nn {
namespace {

std::vector<std::string> files_under(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".safetensors") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string explain(const VerifiedFile& file) {
  std::string text = file.path + ": " + file.problem + "\n";
  for (const VerifiedTensor& each : file.tensors) {
    if (!each.passed)
      text += "  " + each.name + " " + std::to_string(each.error) + " " + std::to_string(each.error_double) +
              "\n";
  }
  return text;
}

VerifiedFile verify_one(const std::string& path) {
  const std::vector<std::string> paths = {path};
  return verify_files(paths).front();
}

class GoldenFamily : public testing::TestWithParam<const char*> {};

TEST_P(GoldenFamily, IsMetInFull) {
  SCARP_GOLDEN(folder, GetParam());
  const auto paths = files_under(folder);
  ASSERT_FALSE(paths.empty());
  for (const VerifiedFile& file : verify_files(paths)) {
    EXPECT_TRUE(file.passed) << explain(file);
    EXPECT_EQ(file.kind, GetParam()) << file.path;
    EXPECT_FALSE(file.tensors.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(Verify,
                         GoldenFamily,
                         testing::Values("mae",
                                         "hpm",
                                         "msn",
                                         "block",
                                         "positions",
                                         "optim",
                                         "coordatt",
                                         "contrast",
                                         "hf",
                                         "timm"));

struct Copied {
  NamedTensors tensors;
  std::map<std::string, std::string> metadata;
};

Copied copy_of(const std::string& path) {
  return {test::all_tensors(path), SafetensorsFile(path).header().metadata};
}

std::string written(const test::TempFolder& folder, const std::string& name, const Copied& file) {
  const std::string path = folder.file(name);
  write_tensors(path, file.metadata, file.tensors);
  return path;
}

// One entry of one weight is moved by `step`.
VerifiedFile after_a_nudge(const std::string& golden, const std::string& weight, double step) {
  const test::TempFolder folder;
  Copied file = copy_of(golden);
  file.tensors.at(weight).view({-1})[0] += step;
  return verify_one(written(folder, "nudged.safetensors", file));
}

TEST(Verify, FailsWhenOneWeightIsNudged) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"mae/plain.safetensors", "weights/blocks.1.mlp.fc2.weight"},
      {"mae/norm_pix.safetensors", "weights/decoder_norm.bias"},
      {"mae/trajectory.safetensors", "weights/mask_token"},
      {"hpm/relative.safetensors", "weights/decoder_blocks_losspred.0.attn.proj.weight"},
      {"hpm/train.safetensors", "weights/cls_token"},
      {"msn/forward.safetensors", "target/fc.fc2.weight"},
      {"msn/train.safetensors", "weights/prototypes"},
      {"block/d64_h4_l17.safetensors", "weights/attn.qkv.bias"},
      {"coordatt/c16.safetensors", "weights/bn1.weight"},
      {"contrast/in_batch.safetensors", "in/features"},
      {"optim/adamw.safetensors", "in/p1"},
      {"positions/resize.safetensors", "in/g4_to_g6_D8"}};
  for (const auto& [name, weight] : cases) {
    SCARP_GOLDEN(path, name);
    EXPECT_FALSE(after_a_nudge(path, weight, 0.01).passed) << name << " " << weight;
    EXPECT_TRUE(after_a_nudge(path, weight, 0).passed) << name << " " << weight;
  }
}

TEST(Verify, FailsWhenWeightsOfAnotherFileAreNudged) {
  SCARP_GOLDEN(weights, "hf/vitmae_eps6/model.safetensors");
  SCARP_GOLDEN(inputs, "hf/vitmae_eps6/io.safetensors");
  const test::TempFolder folder;
  Copied file = copy_of(weights);
  const std::vector<std::string> whole = {written(folder, "w.safetensors", file), inputs};
  for (const VerifiedFile& each : verify_files(whole)) EXPECT_TRUE(each.passed) << explain(each);
  file.tensors.at("vit.layernorm.bias")[3] += 1e-3;
  const std::vector<std::string> nudged = {written(folder, "n.safetensors", file), inputs};
  for (const VerifiedFile& each : verify_files(nudged)) EXPECT_FALSE(each.passed) << each.path;
}

// ViTMSNForImageClassification: the trunk below "vit.", logits of the first token.
TEST(Verify, KnowsTheClassifierOfViTMSN) {
  SCARP_GOLDEN(weights, "hf/vitmsn_eps12/model.safetensors");
  SCARP_GOLDEN(inputs, "hf/vitmsn_eps12/io.safetensors");
  const test::TempFolder folder;
  Copied model = copy_of(weights), io = copy_of(inputs), named{{}, model.metadata};
  for (const auto& [name, tensor] : model.tensors) named.tensors["vit." + name] = tensor;
  const auto token = io.tensors.at("out/last_hidden_state").select(1, 0);
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(3);
  named.tensors["classifier.weight"] = 0.02 * torch::randn({5, token.size(1)}, generator);
  named.tensors["classifier.bias"] = torch::randn({5}, generator);
  io.tensors["out/logits"] =
      torch::addmm(named.tensors["classifier.bias"].to(torch::kFloat64), token.to(torch::kFloat64),
                   named.tensors["classifier.weight"].to(torch::kFloat64).t())
          .to(torch::kFloat32);
  std::vector<std::string> files = {written(folder, "w.safetensors", named),
                                    written(folder, "io.safetensors", io)};
  for (const VerifiedFile& each : verify_files(files)) EXPECT_TRUE(each.passed) << explain(each);
  named.tensors["classifier.bias"][2] += 1e-3;
  files[0] = written(folder, "n.safetensors", named);
  for (const VerifiedFile& each : verify_files(files)) EXPECT_FALSE(each.passed) << each.path;
}

TEST(Verify, TakesMasksOfWhateverType) {
  SCARP_GOLDEN(path, "hpm/relative.safetensors");
  const test::TempFolder folder;
  Copied file = copy_of(path);
  for (const auto type : {torch::kUInt8, torch::kInt64, torch::kFloat32}) {
    file.tensors["in/mask"] = file.tensors["in/mask"].to(type);
    const auto result = verify_one(written(folder, "mask.safetensors", file));
    EXPECT_TRUE(result.passed) << type << " " << explain(result);
  }
  file.tensors["in/mask"] *= 2;
  EXPECT_THAT(verify_one(written(folder, "mask.safetensors", file)).problem,
              testing::HasSubstr("other values than 0 and 1"));
}

TEST(Verify, TellsTheKindByTensorsAndNotByName) {
  SCARP_GOLDEN(path, "msn/loss.safetensors");
  const test::TempFolder folder;
  const auto file = verify_one(written(folder, "mae_block_hf_io.safetensors", copy_of(path)));
  EXPECT_EQ(file.kind, "msn");
  EXPECT_TRUE(file.passed) << explain(file);
}

TEST(Verify, FailsOnAnUnknownKind) {
  const test::TempFolder folder;
  const Copied file{{{"in/x", torch::zeros({2})}, {"out/y", torch::zeros({2})}}, {}};
  const auto result = verify_one(written(folder, "mae.safetensors", file));
  EXPECT_FALSE(result.passed);
  EXPECT_EQ(result.kind, "");
  EXPECT_THAT(result.problem, testing::HasSubstr("no kind"));
}

TEST(Verify, FailsOnCasesThatAreNoList) {
  const test::TempFolder folder;
  for (const char* cases : {"3", "1e300", "\"g\"", "{\"g\": 1}", "[]", "[3]", "null"}) {
    const Copied file{{{"out64/case0/momentum", torch::zeros({2})}},
                      {{"config", std::string("{\"cases\": ") + cases + "}"}}};
    EXPECT_FALSE(verify_one(written(folder, "cases.safetensors", file)).passed) << cases;
  }
}

TEST(Verify, FailsOnAResultThatItDoesNotCompute) {
  SCARP_GOLDEN(path, "mae/plain.safetensors");
  const test::TempFolder folder;
  Copied file = copy_of(path);
  file.tensors["out/surprise"] = torch::zeros({1});
  const auto result = verify_one(written(folder, "more.safetensors", file));
  EXPECT_FALSE(result.passed);
  EXPECT_THAT(result.problem, testing::HasSubstr("out/surprise"));
}

// In the file's single or double precision, or both.
VerifiedFile without(const std::string& golden, const std::string& folder, const std::string& rest) {
  const test::TempFolder temporary;
  Copied file = copy_of(golden);
  EXPECT_GT(file.tensors.erase(folder + "/" + rest) + file.tensors.erase(folder + "64/" + rest), 0U) << rest;
  return verify_one(written(temporary, "less.safetensors", file));
}

TEST(Verify, TellsWhichOutputsAFileLeavesOut) {
  struct Result {
    const char* file;
    const char* rest;
  };
  for (const auto& [file, rest] :
       {Result{"mae/plain.safetensors", "latent"}, Result{"mae/plain.safetensors", "loss"},
        Result{"hpm/relative.safetensors", "teacher_scores"},
        Result{"hpm/mask_L64_E100.safetensors", "n_hard_every_epoch"},
        Result{"msn/forward.safetensors", "cls_focal"}, Result{"msn/schedules.safetensors", "case1/sharpen"},
        Result{"coordatt/c16.safetensors", "train/after/bn1.running_var"},
        Result{"contrast/queue.safetensors", "per_anchor"}, Result{"optim/adamw.safetensors", "run1/v2"}}) {
    SCARP_GOLDEN(path, file);
    const VerifiedFile result = without(path, "out", rest);
    EXPECT_TRUE(result.passed) << explain(result);
    EXPECT_THAT(result.left_out, testing::Contains(std::string("out/") + rest)) << file;
  }
}

TEST(Verify, FailsWhereOneGradientOfManyIsMissing) {
  SCARP_GOLDEN(attention, "coordatt/c16.safetensors");
  SCARP_GOLDEN(siamese, "msn/forward.safetensors");
  for (const VerifiedFile& result :
       {without(attention, "grad", "eval/conv_h.bias"), without(siamese, "grad_sinkhorn", "prototypes")}) {
    EXPECT_FALSE(result.passed);
    EXPECT_THAT(result.problem, testing::HasSubstr("there is no grad"));
  }
}

TEST(Verify, TakesAFileWithoutGradients) {
  SCARP_GOLDEN(path, "coordatt/c16.safetensors");
  const test::TempFolder folder;
  Copied file = copy_of(path);
  std::erase_if(file.tensors, [](const auto& item) { return item.first.starts_with("grad"); });
  const VerifiedFile result = verify_one(written(folder, "none.safetensors", file));
  EXPECT_TRUE(result.passed) << explain(result);
  EXPECT_THAT(result.left_out, testing::Contains("grad/eval/x"));
}

// A table of 512 x 512 cells of width 8192 would take 17 GB.
TEST(Verify, MakesNoTableThatTheFileDoesNotHold) {
  const test::TempFolder folder;
  const Copied file{{{"out/D8192_g512", torch::zeros({4, 8192})}},
                    {{"config", R"({"cases": [{"D": 8192, "g": 512}]})"}}};
  const auto result = verify_one(written(folder, "table.safetensors", file));
  EXPECT_FALSE(result.passed);
  EXPECT_THAT(result.problem, testing::HasSubstr("another size than a table"));
}

// Vectors near each other at a temperature of 0.002: products that differ in the last bits of 1 are told
// apart, so that single precision cannot come within 1e-6.
TEST(Verify, AllowsSinglePrecisionWhatAColdTemperatureTakesFromIt) {
  auto random = at::make_generator<at::CPUGeneratorImpl>(7);
  const auto raw = torch::randn({24, 16}, random, torch::kFloat64) + 2;
  const auto features = (raw / raw.norm(2, 1, /*keepdim=*/true)).to(torch::kFloat32);
  const auto labels = torch::arange(24) % 3, anchors = torch::arange(24);
  auto exact = features.to(torch::kFloat64).requires_grad_();
  const ContrastLoss loss = contrast_loss(exact, labels, anchors, 0.002);
  loss.loss.backward();
  Copied file{{{"in/features", features},
               {"in/labels", labels},
               {"in/anchors", anchors},
               {"out64/loss", loss.loss.detach()},
               {"out64/per_anchor", loss.per_anchor.detach()},
               {"grad64/features", exact.grad()}},
              {{"config", R"({"tau": 0.002})"}}};
  const test::TempFolder folder;
  const auto result = verify_one(written(folder, "cold.safetensors", file));
  EXPECT_TRUE(result.passed) << explain(result);
  double single = 0;
  for (const VerifiedTensor& each : result.tensors) single = std::max(single, each.error);
  EXPECT_GT(single, 1e-6);
  file.tensors.at("out64/loss") += 2e-6 * file.tensors.at("out64/loss").abs().clamp_min(1);
  EXPECT_FALSE(verify_one(written(folder, "moved.safetensors", file)).passed);
}

// After one step the second moment is 0.05 g^2: 14450, of which single precision stores no more than three
// decimals.
TEST(Verify, ForgivesTheLastDigitOfALargeMoment) {
  const double gradient = 537.6135;
  const auto one = [](double value) { return torch::full({1}, value, torch::kFloat32); };
  const double exact = static_cast<float>(gradient);
  Copied file{
      {{"in/p0", one(1)},
       {"in/g0", one(gradient).view({1, 1})},
       {"out/run0/m0", one(0.1 * exact)},
       {"out/run0/v0", one(0.05 * exact * exact)}},
      {{"config", R"({"runs": [{"lr": 0.1, "betas": [0.9, 0.95], "eps": 1e-8, "weight_decay": 0}]})"}}};
  const test::TempFolder folder;
  const auto result = verify_one(written(folder, "large.safetensors", file));
  EXPECT_TRUE(result.passed) << explain(result);
  file.tensors.at("out/run0/v0") *= 1 + 1e-5;
  EXPECT_FALSE(verify_one(written(folder, "moved.safetensors", file)).passed);
}

TEST(Verify, LeavesTheNumberOfThreadsAsItWas) {
  const int before = at::get_num_threads();
  at::set_num_threads(3);
  verify_one("/nowhere/at/all.safetensors");
  EXPECT_EQ(at::get_num_threads(), 3);
  at::set_num_threads(before);
}

TEST(Verify, FailsWithoutAnyResult) {
  SCARP_GOLDEN(path, "mae/plain.safetensors");
  const test::TempFolder folder;
  Copied file = copy_of(path);
  std::erase_if(file.tensors, [](const auto& item) {
    return item.first.starts_with("out") || item.first.starts_with("grad");
  });
  EXPECT_FALSE(verify_one(written(folder, "bare.safetensors", file)).passed);
}

TEST(Verify, FailsOnWeightsThatAreMissingLeftOverOrOfAnotherShape) {
  SCARP_GOLDEN(path, "mae/plain.safetensors");
  const test::TempFolder folder;
  const Copied whole = copy_of(path);
  const auto problem_of = [&](const std::function<void(Copied&)>& spoil) {
    Copied file = whole;
    spoil(file);
    return verify_one(written(folder, "spoilt.safetensors", file)).problem;
  };
  EXPECT_THAT(problem_of([](Copied& file) { file.tensors.erase("weights/norm.bias"); }),
              testing::HasSubstr("norm.bias is missing"));
  EXPECT_THAT(problem_of([](Copied& file) { file.tensors["weights/extra"] = torch::zeros({1}); }),
              testing::HasSubstr("extra has no place"));
  EXPECT_THAT(problem_of([](Copied& file) { file.tensors["weights/norm.bias"] = torch::zeros({3}); }),
              testing::HasSubstr("norm.bias has shape [3]"));
}

TEST(Verify, FailsOnNumbersThatAreNone) {
  SCARP_GOLDEN(path, "mae/plain.safetensors");
  const auto result = after_a_nudge(path, "weights/cls_token", std::nan(""));
  EXPECT_FALSE(result.passed);
  const std::vector<VerifiedFile> files = {result};
  EXPECT_THAT(verification_json(files), testing::HasSubstr("\"infinite\""));
}

TEST(Verify, SaysWhatCannotBeRead) {
  const auto result = verify_one("/nowhere/at/all.safetensors");
  EXPECT_FALSE(result.passed);
  EXPECT_THAT(result.problem, testing::HasSubstr("cannot be opened"));
}

TEST(Verify, ReportsAsJson) {
  SCARP_GOLDEN(path, "block/d64_h4_l17.safetensors");
  const std::vector<VerifiedFile> files = {verify_one(path)};
  const auto report = nlohmann::json::parse(verification_json(files));
  EXPECT_TRUE(report.at("passed"));
  EXPECT_EQ(report.at("files")[0].at("kind"), "block");
  const auto& first = report.at("files")[0].at("tensors")[0];
  EXPECT_LE(first.at("error").get<double>(), first.at("tolerance").get<double>());
}

}  // namespace
}  // namespace scarp::nn

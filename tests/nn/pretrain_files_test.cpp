// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "nn/error.h"
#include "nn/io/safetensors.h"
#include "nn/pretrainer.h"
#include "tests/support/test_files.h"
#include "tests/support/toy_pretraining.h"
#include "tests/support/toy_training.h"

// What is refused, resumed, exported and painted; what is learnt see pretrainer_test.cpp.
namespace scarp::nn {
namespace {

using test::pretrained;
using test::PretrainPlan;
using test::tiny_pretraining;
using test::toy_backbone;
using test::ToyWindows;

TEST(Pretrain, RefusesOptionsOutOfRangeAsItsOwnError) {
  PretrainOptions options = tiny_pretraining(PretrainMethod::mae);
  options.warmup = 2;
  ToyWindows windows(24, true, false);
  const auto [fault, text] = test::nn_error_of([&] {
    pretrain(toy_backbone(tiny_pretraining(PretrainMethod::mae), true, false), options, windows, {}, nullptr,
             {});
  });
  EXPECT_EQ(fault, Fault::bad_argument);
  EXPECT_THAT(text, testing::HasSubstr("warmup must lie in"));
}

TEST(Pretrain, IsNotResumedOnOtherPixels) {
  const test::TempFolder folder;
  PretrainOptions options = tiny_pretraining(PretrainMethod::mae);
  options.epochs = 1;
  ToyWindows windows(24, true, false);
  BackboneCard card = toy_backbone(options, true, false);
  const PretrainFiles files{folder.file("last"), true};
  pretrain(card, options, windows, files, nullptr, {});
  card.name = "another name";
  EXPECT_NO_THROW(pretrain(card, options, windows, files, nullptr, {}));
  card.gsd_max_m = 10;
  const auto [fault, text] = test::nn_error_of([&] { pretrain(card, options, windows, files, nullptr, {}); });
  EXPECT_EQ(fault, Fault::mismatch);
  EXPECT_THAT(text, testing::HasSubstr("other channels, statistics, pixel sizes or sides"));
}

// A state is text that anybody may have changed.
TEST(Pretrain, RefusesAStateThatCannotBe) {
  const test::TempFolder folder;
  PretrainPlan plan{tiny_pretraining(PretrainMethod::mae)};
  plan.options.epochs = 1;
  const std::string path = folder.file("last");
  static_cast<void>(pretrained(path, plan));
  const auto metadata = SafetensorsFile(path).header().metadata;
  const NamedTensors tensors = test::all_tensors(path);
  for (const auto& [from, to] :
       {std::pair{"\"precision\":\"fp32\",\"attention\"", "\"precision\":\"fp8\",\"attention\""},
        {"\"attention\":\"", "\"attention\":\"un"},
        {"\"step\":3", "\"step\":9223372036854775807"},
        {"\"finished_passes\":1", "\"finished_passes\":9223372036854775807"},
        {"\"step\":3", "\"step\":-3"}}) {
    auto changed = metadata;
    std::string& state = changed.at("scarp_pretraining");
    const auto at = state.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    state.replace(at, std::string(from).size(), to);
    write_tensors(path, changed, tensors);
    EXPECT_EQ(test::nn_error_of([&] { pretrained(path, plan, true); }).first, Fault::unreadable) << to;
  }
}

TEST(Pretrain, ABackboneThatDoesNotFitHalfPrecisionIsNotWritten) {
  const test::TempFolder folder;
  PretrainPlan plan{tiny_pretraining(PretrainMethod::mae)};
  plan.options.epochs = 1;
  const std::string path = folder.file("last");
  NamedTensors tensors = pretrained(path, plan).tensors;
  tensors.at("model.blocks.1.attn.qkv.weight")[3][2] = 70'000;
  write_tensors(path, SafetensorsFile(path).header().metadata, tensors);
  const BackboneCard card = toy_backbone(plan.options, true, false);
  const auto [fault, text] =
      test::nn_error_of([&] { export_backbone(path, folder.file("half"), card, true); });
  EXPECT_EQ(fault, Fault::not_finite);
  EXPECT_THAT(text, testing::HasSubstr("model.blocks.1.attn.qkv.weight do not fit half precision"));
  EXPECT_EQ(folder.entries(), 1);
  EXPECT_NO_THROW(export_backbone(path, folder.file("whole"), card, false));
}

// Noise of 10 km over a deviation of 2 m: what is predicted of a patch is 5000 times its contrast.
TEST(Pretrain, PaintsTerrainWithTheNoiseThatItsTargetsWereGiven) {
  const test::TempFolder folder;
  PretrainPlan plan{tiny_pretraining(PretrainMethod::mae)};
  plan.terrain = true;
  plan.options.epochs = 1;
  static_cast<void>(pretrained(folder.file("run"), plan));
  ToyWindows windows(24, true, true);
  const auto largest_of_terrain = [&](double noise_m) {
    plan.options.terrain_noise_m = noise_m;
    const std::vector<std::int64_t> first = {0};
    const auto painted = reconstruct_windows(folder.file("run"), plan.options, windows, first).front();
    const auto begin = painted.reconstructed.begin() + 32 * 32;
    return *std::max_element(begin, painted.reconstructed.end());
  };
  EXPECT_LT(largest_of_terrain(0.1), 100);
  EXPECT_GT(largest_of_terrain(1e4), 100);
}

TEST(Pretrain, RefusesWindowsThatAreTooFewOrTooSmall) {
  const test::TempFolder folder;
  PretrainPlan plan{tiny_pretraining(PretrainMethod::mae)};
  plan.windows = 7;
  EXPECT_THROW(static_cast<void>(pretrained(folder.file("a"), plan)), Error);
  ToyWindows small(24, true, false, false, 16);
  EXPECT_THROW(pretrain(toy_backbone(plan.options, true, false), plan.options, small, {}, nullptr, {}),
               Error);
}

}  // namespace
}  // namespace scarp::nn

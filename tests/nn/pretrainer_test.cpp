// SPDX-License-Identifier: Apache-2.0
#include "nn/pretrainer.h"

#include <algorithm>
#include <numeric>
#include <random>

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "nn/error.h"
#include "nn/io/tensor_file.h"
#include "nn/pretraining/pretraining_method.h"
#include "nn/torch/vision_transformer.h"
#include "nn/training/schedules.h"
#include "nn/weight_conversion.h"
#include "nn/weight_summary.h"
#include "tests/support/golden_tensors.h"
#include "tests/support/test_files.h"
#include "tests/support/toy_pretraining.h"
#include "tests/support/toy_windows.h"

namespace scarp::nn {
namespace {

using test::pretrained;
using test::PretrainPlan;
using test::tiny_pretraining;
using test::toy_backbone;
using test::ToyWindows;

void expect_equal_bits(const NamedTensors& a, const NamedTensors& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, tensor] : a) {
    ASSERT_TRUE(b.contains(name)) << name;
    EXPECT_TRUE(test::same_bits(tensor, b.at(name))) << name;
  }
}

class EveryMethod : public testing::TestWithParam<PretrainMethod> {};

TEST_P(EveryMethod, ResumedEndsAsIfItHadNotBeenInterrupted) {
  const test::TempFolder folder;
  PretrainPlan plan{tiny_pretraining(GetParam())};
  plan.options.batch = 2;  // 12 steps a pass: an event in the middle
  plan.options.epochs = 2;
  const auto whole = pretrained(folder.file("whole"), plan);
  for (const std::int64_t stop_at : {10, 12}) {
    const std::string path = folder.file("stopped" + std::to_string(stop_at));
    const auto first = pretrained(path, plan, false, stop_at);
    EXPECT_LT(first.events.back().step, 24);
    const auto second = pretrained(path, plan, true);
    EXPECT_EQ(second.events.back().step, 24);
    expect_equal_bits(second.tensors, whole.tensors);
  }
}

TEST_P(EveryMethod, AnotherSeedGivesOtherWeights) {
  const test::TempFolder folder;
  PretrainPlan plan{tiny_pretraining(GetParam())};
  plan.options.epochs = 1;
  const auto a = pretrained(folder.file("a"), plan);
  plan.options.seed = 2;
  const auto b = pretrained(folder.file("b"), plan);
  const std::string name = "model.blocks.0.attn.qkv.weight";
  EXPECT_FALSE(test::same_bits(a.tensors.at(name), b.tensors.at(name)));
}

TEST_P(EveryMethod, LosesLess) {
  const test::TempFolder folder;
  PretrainPlan plan{tiny_pretraining(GetParam())};
  plan.options.epochs = 30;
  const auto run = pretrained(folder.file("run"), plan);
  EXPECT_LT(run.events.back().value("loss"), 0.97 * run.events.front().value("loss"));
  EXPECT_GT(run.events.back().images_a_second, 0);
}

// Where there is no data there is NaN: it would show in every weight.
TEST_P(EveryMethod, NeverLooksAtPixelsWithoutData) {
  const test::TempFolder folder;
  PretrainPlan plan{tiny_pretraining(GetParam())};
  plan.holes = true;
  for (const bool terrain : {false, true}) {
    plan.terrain = terrain;
    const auto run = pretrained(folder.file(terrain ? "both" : "optical"), plan);
    for (const auto& [name, tensor] : run.tensors)
      EXPECT_TRUE(!tensor.is_floating_point() || tensor.isfinite().all().item<bool>()) << name;
  }
}

TEST_P(EveryMethod, ItsCheckpointAndItsBackboneAreReadAsWeights) {
  const test::TempFolder folder;
  PretrainPlan plan{tiny_pretraining(GetParam())};
  plan.options.epochs = 1;
  static_cast<void>(pretrained(folder.file("last.safetensors"), plan));
  export_backbone(folder.file("last.safetensors"), folder.file("backbone.safetensors"),
                  toy_backbone(plan.options, true, false), false);
  for (const char* file : {"last.safetensors", "backbone.safetensors"}) {
    const WeightFile opened(folder.file(file));
    EXPECT_TRUE(has_backbone_card(opened)) << file;
    const WeightSummary summary = summarise(opened);
    EXPECT_EQ(summary.kind, name_of(GetParam())) << file;
    ASSERT_TRUE(summary.vit.has_value()) << file;
    EXPECT_EQ(summary.vit->width, 32);
    EXPECT_EQ(summary.vit->depth, 2);
    ConversionOptions options;
    options.layout = WeightLayout::timm;
    options.encoder_only = true;
    const auto report = convert_weights(folder.file(file), folder.file(std::string("timm_") + file), options);
    EXPECT_THAT(report.missing, testing::IsEmpty());
    EXPECT_THAT(report.unexpected, testing::IsEmpty());
  }
}

TEST_P(EveryMethod, RefusesToResumeWithOtherOptionsNamingTheFirst) {
  const test::TempFolder folder;
  PretrainPlan plan{tiny_pretraining(GetParam())};
  plan.options.epochs = 1;
  static_cast<void>(pretrained(folder.file("a"), plan));
  plan.options.mask_ratio = 0.5;
  try {
    static_cast<void>(pretrained(folder.file("a"), plan, true));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::mismatch);
    EXPECT_THAT(error.what(), testing::HasSubstr("cannot be resumed: mask_ratio was"));
  }
}

INSTANTIATE_TEST_SUITE_P(Methods,
                         EveryMethod,
                         testing::Values(PretrainMethod::mae, PretrainMethod::hpm, PretrainMethod::msn),
                         [](const auto& each) { return std::string(name_of(each.param)); });

TEST(Pretrain, OpticalAndTerrainHaveLossesOfTheirOwn) {
  const test::TempFolder folder;
  PretrainPlan plan{tiny_pretraining(PretrainMethod::mae)};
  plan.terrain = true;
  const auto run = pretrained(folder.file("run"), plan);
  EXPECT_GT(run.events.back().value("optical"), 0);
  EXPECT_GT(run.events.back().value("terrain"), 0);
  EXPECT_TRUE(run.tensors.contains("model.patch_embed.1.proj.weight"));
}

// 3 windows of an epoch of 4, 60 % hidden of 64 patches: from none to a half of 38.
TEST(Pretrain, HpmHidesMoreHardPatchesEveryPass) {
  const test::TempFolder folder;
  PretrainPlan plan{tiny_pretraining(PretrainMethod::hpm)};
  plan.options.epochs = 4;
  plan.options.mask_ratio = 0.6;
  const auto run = pretrained(folder.file("run"), plan);
  std::vector<double> shares;
  for (const PretrainEvent& event : run.events) shares.push_back(event.value("hard_share"));
  EXPECT_THAT(shares,
              testing::Pointwise(testing::DoubleNear(1e-6), {4.0 / 39, 9.0 / 39, 14.0 / 39, 19.0 / 39}));
  plan.options.hpm_masks = HpmMasks::random;
  EXPECT_EQ(pretrained(folder.file("random"), plan).events.back().value("hard_share"), 0);
}

TEST(Pretrain, HpmCanPredictTheTeachersFeatures) {
  const test::TempFolder folder;
  PretrainPlan plan{tiny_pretraining(PretrainMethod::hpm)};
  plan.options.hpm_targets = HpmTargets::features;
  plan.options.epochs = 10;
  plan.holes = true;
  const auto run = pretrained(folder.file("run"), plan);
  EXPECT_LT(run.events.back().value("reconstruction"), run.events.front().value("reconstruction"));
  EXPECT_LE(run.events.front().value("reconstruction"), 4);  // squared distance of vectors of length 1
  EXPECT_EQ(run.tensors.at("model.decoder_pred.weight").size(0), 32);
}

/// Entropy of the mean assignment over the highest, and spread, at the end of a run of 60 passes.
PretrainEvent siamese_end(double me_max_weight) {
  const test::TempFolder folder;
  PretrainPlan plan{tiny_pretraining(PretrainMethod::msn)};
  plan.options.epochs = 60;
  plan.options.batch = 12;
  plan.options.learning_rate = 5e-3;
  plan.options.me_max_weight = me_max_weight;
  return pretrained(folder.file("run"), plan).events.back();
}

// Nothing but this term keeps all images from one prototype (Assran et al., appendix B).
TEST(Pretrain, MsnWithoutMeanEntropyMaximisationIsSeenToCollapse) {
  const PretrainEvent without = siamese_end(0), with = siamese_end(1);
  EXPECT_TRUE(without.collapsed) << without.value("mean_entropy") << ' ' << without.value("spread");
  EXPECT_FALSE(with.collapsed) << with.value("mean_entropy") << ' ' << with.value("spread");
  EXPECT_GT(with.value("mean_entropy"), 0.8 * std::log(16));
}

TEST(Pretrain, ReconstructionsKeepWhatIsSeenAndFillWhatIsHidden) {
  const test::TempFolder folder;
  PretrainPlan plan{tiny_pretraining(PretrainMethod::hpm)};
  static_cast<void>(pretrained(folder.file("run"), plan));
  ToyWindows windows(24, true, false);
  const std::vector<std::int64_t> chosen = {3, 7};
  const auto painted = reconstruct_windows(folder.file("run"), plan.options, windows, chosen);
  ASSERT_EQ(painted.size(), 2U);
  const ReconstructedWindow& one = painted.front();
  ASSERT_EQ(one.hidden.size(), 64U);
  EXPECT_EQ(std::count(one.hidden.begin(), one.hidden.end(), 1), 48);
  EXPECT_EQ(one.hardness.size(), 64U);
  for (std::size_t i = 0; i < 32 * 32; ++i) {
    const bool hidden = one.hidden[i / 32 / 4 * 8 + i % 32 / 4] != 0;
    EXPECT_EQ(one.seen[i], hidden ? 0 : one.original[i]);
    if (!hidden) {
      EXPECT_EQ(one.reconstructed[i], one.original[i]);
    }
  }
}

/// A smooth ramp with a block of noise that no network can foresee: rows 8 to 15, columns 16 to 31, which are
/// 8 of 64 patches of 4 pixels.
class PlantedNoise final : public ToyWindows {
 public:
  PlantedNoise() : ToyWindows(32, true, false) {}
  void fill(std::int64_t epoch, std::int64_t index, const WindowView& out) override {
    ToyWindows::fill(epoch, index, out);
    std::mt19937_64 random(static_cast<std::uint64_t>(index) + 99);
    for (std::size_t i = 0; i < out.optical.size(); ++i) {
      const std::size_t row = i / 32, col = i % 32;
      const bool noisy = row >= 8 && row < 16 && col >= 16;
      out.optical[i] = static_cast<float>(noisy ? 40 + random() % 120 : 70 + row + static_cast<double>(col));
    }
  }
};

// The region stays where it is, so that position alone tells the hard patches: a loss predictor of this size
// learns that within a minute. A region that wanders needs one that knows texture, and a longer run.
TEST(Pretrain, HpmMinesAPlantedHardRegionTwiceAsOftenAsChance) {
  const test::TempFolder folder;
  PretrainOptions options = tiny_pretraining(PretrainMethod::hpm);
  options.epochs = 40;
  options.smallest_crop = 1;
  options.flips = false;
  PlantedNoise windows;
  pretrain(toy_backbone(options, true, false), options, windows, {folder.file("run"), false}, nullptr, {});
  const std::vector<std::int64_t> all = {0, 5, 10, 15, 20, 25, 30};
  std::size_t mined = 0, hits = 0;
  for (const auto& window : reconstruct_windows(folder.file("run"), options, windows, all)) {
    std::vector<std::size_t> order(64);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](auto a, auto b) { return window.hardness[a] > window.hardness[b]; });
    for (std::size_t i = 0; i < 8; ++i, ++mined)
      hits += order[i] / 8 >= 2 && order[i] / 8 < 4 && order[i] % 8 >= 4 ? 1 : 0;
  }
  const double chance = 8.0 / 64;
  EXPECT_GE(static_cast<double>(hits) / static_cast<double>(mined), 2 * chance);
}

/// Every eighth row is missing, as where the scan line corrector of Landsat 7 failed.
class StripedWindows final : public ToyWindows {
 public:
  using ToyWindows::ToyWindows;
  void fill(std::int64_t epoch, std::int64_t index, const WindowView& out) override {
    ToyWindows::fill(epoch, index, out);
    for (std::size_t i = 0; i < out.valid.size(); ++i)
      if (i / 32 % 8 == 7) out.valid[i] = 0;
  }
};

TEST(Pretrain, SmallViewsOfWindowsWithStripesWithoutDataStillSeeAPatch) {
  PretrainOptions options = tiny_pretraining(PretrainMethod::msn);
  options.epochs = 1;
  options.focal_views = 4;
  StripedWindows windows(24, true, false);
  std::int64_t steps = 0;
  pretrain(toy_backbone(options, true, false), options, windows, {},
           [&](const PretrainEvent& event) { steps = event.step; }, {});
  EXPECT_EQ(steps, 3);
}

TEST(PretrainOptions, OutOfRangeAreCalledByTheirKeys) {
  const auto refusal = [](auto change) {
    PretrainOptions options = tiny_pretraining(PretrainMethod::mae);
    change(options);
    try {
      options.check();
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(refusal([](PretrainOptions& o) { o.mask_ratio = 1.5; }),
            "training.mask_ratio must lie in 0 to 0.99, is 1.5");
  EXPECT_EQ(refusal([](PretrainOptions& o) { o.terrain_noise_m = -1; }),
            "targets.terrain_noise must lie in 0 to 10000, is -1");
  EXPECT_EQ(refusal([](PretrainOptions& o) { o.epochs = 99999999; }),
            "training.epochs must lie in 1 to 1000000, is 99999999");
  EXPECT_EQ(refusal([](PretrainOptions& o) { o.heads = 3; }),
            "network.width must be a multiple of network.heads, 3, is 32");
  EXPECT_EQ(refusal([](PretrainOptions& o) { o.decoder_width = 18; }),
            "decoder.width must be a multiple of 4, is 18");
  EXPECT_EQ(refusal([](PretrainOptions& o) { o.prototypes = 0; }), "accepted") << "mae has no prototypes";
}

// 24 windows, 8 a step: what is logged at the end of a pass is the rate of its third step.
TEST(Pretrain, LogsTheRateOfTheStepThatWasTaken) {
  const test::TempFolder folder;
  PretrainPlan plan{tiny_pretraining(PretrainMethod::mae)};
  plan.options.warmup = 0;
  const auto run = pretrained(folder.file("run"), plan);
  ASSERT_EQ(run.events.size(), 3U);
  for (const PretrainEvent& event : run.events) {
    const double epoch = static_cast<double>(event.step - 1) / 3;
    EXPECT_DOUBLE_EQ(event.learning_rate, warm_cosine(2e-3, 0, epoch, 0, 3)) << event.step;
  }
}

TEST(Pretrain, WithCropsOfOneSeesWholeWindows) {
  PretrainOptions options = tiny_pretraining(PretrainMethod::mae).resolved();
  options.smallest_crop = 1;
  options.flips = false;
  const BackboneCard card = toy_backbone(options, true, false);
  ToyWindows windows(24, true, false);
  WindowLoader loader(windows, card, options);
  for (const std::int64_t index : {0, 5, 23}) {
    const auto seen = loader.load(3, {index}).views.front().optical;
    EXPECT_TRUE(test::same_bits(seen, loader.maker().normalised(loader.window(3, index)).optical)) << index;
  }
}

}  // namespace
}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipelines/comparison/ablation_log.h"
#include "pipelines/comparison/ablation_plan.h"
#include "pipelines/comparison/ablation_summary.h"
#include "pipelines/error.h"
#include "tests/support/test_files.h"

namespace scarp::pipelines {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kPlan = R"(
title: Fusion
base: run.yaml
set: ["training.epochs=3"]
folds: [1, 2]
seeds: [1, 2]
reference: both
configurations:
  - {name: both}
  - {name: image, set: ["terrain=[]"]}
  - {name: other-program, seeds: [1], external: true}
)";

AblationPlan plan_of(const std::string& text) {
  const test::TempFolder folder;
  test::write_text(folder.file("plan.yaml"), text);
  return read_ablation_plan(folder.file("plan.yaml"));
}

std::string refusal_of(const std::string& text) {
  try {
    plan_of(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::usage);
    return error.what();
  }
  return "no error";
}

TEST(AblationPlan, GivesTheJobsOfTheFirstSeedFirst) {
  const AblationPlan plan = plan_of(kPlan);
  std::vector<std::string> ids;
  for (const AblationJob& job : plan.jobs()) ids.push_back(plan.id_of(job));
  EXPECT_THAT(ids,
              ElementsAre("both-f1-s1", "both-f2-s1", "image-f1-s1", "image-f2-s1", "other-program-f1-s1",
                          "other-program-f2-s1", "both-f1-s2", "both-f2-s2", "image-f1-s2", "image-f2-s2"));
}

TEST(AblationPlan, AJobChangesWhatAllChangeThenItsOwnThenFoldAndSeed) {
  const AblationPlan plan = plan_of(kPlan);
  EXPECT_THAT(plan.settings_of({1, 2, 7}), ElementsAre("training.epochs=3", "terrain=[]", "name=image",
                                                       "validation.fold=2", "training.seed=7"));
}

constexpr const char* kTransferPlan = R"(
base: run.yaml
pretrain:
  - {name: mars-mae, method: mae, run: mars.yaml, set: ["training.epochs=2"]}
configurations:
  - {name: pretrained, set: ["network.terrain_backbone=backbone:mars-mae"]}
)";

TEST(AblationPlan, ConfigurationsNameBackbonesThatItPretrains) {
  const AblationPlan plan = plan_of(kTransferPlan);
  ASSERT_EQ(plan.pretrain.size(), 1);
  EXPECT_EQ(plan.pretrain[0].method, nn::PretrainMethod::mae);
  EXPECT_THAT(plan.pretrain[0].run, testing::EndsWith("/mars.yaml"));
  EXPECT_THAT(plan.pretrain[0].set, ElementsAre("training.epochs=2"));
  EXPECT_THAT(plan.settings_of({0, 0, 1}), testing::Contains("network.terrain_backbone=backbone:mars-mae"));
  EXPECT_THAT(with_backbone_files({"a=b", "network.terrain_backbone=backbone:mars-mae"}, "/runs"),
              ElementsAre("a=b", "network.terrain_backbone=/runs/backbones/mars-mae/backbone.safetensors"));
}

TEST(AblationPlan, RefusesBackbonesThatItDoesNotPretrain) {
  const auto with = [](std::string from, const std::string& to) {
    std::string text = kTransferPlan;
    return text.replace(text.find(from), from.size(), to);
  };
  EXPECT_THAT(refusal_of(with("backbone:mars-mae", "backbone:moon")),
              HasSubstr("names no backbone of the key pretrain (mars-mae)"));
  EXPECT_THAT(refusal_of(with("method: mae", "method: dino")), HasSubstr("'dino' is none of mae, hpm, msn"));
  EXPECT_THAT(refusal_of(with("run: mars.yaml, ", "")), HasSubstr("mars-mae needs the key run"));
  EXPECT_THAT(refusal_of(with("run: mars.yaml", "runs: mars.yaml")), HasSubstr("did you mean 'run'?"));
  EXPECT_THAT(refusal_of(with("name: mars-mae", "name: a/b")),
              HasSubstr("a backbone needs a name of letters"));
}

TEST(AblationPlan, RefusesWhatItCannotMean) {
  EXPECT_THAT(refusal_of("base: a\nconfigurations: [{name: x}]\nfold: [1]"),
              HasSubstr("did you mean 'folds'?"));
  EXPECT_THAT(refusal_of("base: a\nconfigurations: [{name: x, seed: 1}]"),
              HasSubstr("did you mean 'seeds'?"));
  EXPECT_THAT(refusal_of("base: a\nconfigurations: [{name: x}, {name: x}]"), HasSubstr("two configurations"));
  EXPECT_THAT(refusal_of("base: a\nconfigurations: [{name: ../x}]"), HasSubstr("letters, digits"));
  EXPECT_THAT(refusal_of("base: a\nreference: y\nconfigurations: [{name: x}]"),
              HasSubstr("reference y is none"));
  EXPECT_THAT(refusal_of("base: a"), HasSubstr("at least one configuration"));
  EXPECT_THAT(refusal_of("configurations: [{name: x}]"), HasSubstr("needs the key base"));
  EXPECT_THAT(refusal_of("base: a\nfolds: abc\nconfigurations: [{name: x}]"),
              HasSubstr("folds cannot be 'abc'"));
  EXPECT_THAT(refusal_of("base: a\nseeds: [3, 4, 3]\nconfigurations: [{name: x}]"),
              HasSubstr("the seed 3 is named twice"));
  EXPECT_THAT(refusal_of("base: a\nfolds: [1, 1]\nconfigurations: [{name: x}]"),
              HasSubstr("the fold 1 is named twice"));
  EXPECT_THAT(refusal_of("base: a\nconfigurations: [{name: x, seeds: [7, 7]}]"),
              HasSubstr(", x: the seed 7 is named twice"));
}

BlockScore block(int number, std::int64_t tp, std::int64_t fp, std::int64_t fn, std::int64_t tn) {
  BlockScore score;
  score.scene = "valley";
  score.block = number;
  score.counts.pixels = {tp, fp, fn, tn};
  return score;
}

AblationLog log_of(const std::string& name, int fold, std::uint64_t seed, std::vector<BlockScore> blocks) {
  AblationLog log{name, fold, seed, {"a=b"}, 1000, 2.5, {}};
  log.scores.blocks = std::move(blocks);
  log.scores.margins[0].add(1.0, true);
  log.scores.margins[1].add(-1.0, false);
  return log;
}

TEST(AblationLog, IsReadAsItWasWritten) {
  const test::TempFolder folder;
  const AblationLog log = log_of("both", 2, 3, {block(5, 1, 2, 3, 4)});
  test::write_text(folder.file("log.json"), to_json(log));
  const AblationLog read = read_ablation_log(folder.file("log.json"));
  EXPECT_EQ(to_json(read), to_json(log));
  EXPECT_EQ(read.scores.blocks[0].counts.pixels.false_negative, 3);
}

TEST(AblationLog, WithoutABlockIsStillALog) {
  const test::TempFolder folder;
  test::write_text(folder.file("log.json"), to_json(log_of("both", 2, 3, {})));
  EXPECT_TRUE(read_ablation_log(folder.file("log.json")).scores.blocks.empty());
}

TEST(AblationLog, OfAnotherProgramNeedsCountsOnly) {
  const test::TempFolder folder;
  test::write_text(folder.file("log.json"),
                   R"({"configuration": "u", "fold": 1, "seed": 1, "blocks":
                      [{"scene": "v", "block": 0, "counts": [1, 0, 0, 9]}]})");
  EXPECT_EQ(read_ablation_log(folder.file("log.json")).scores.blocks[0].counts.pixels.true_negative, 9);
  test::write_text(folder.file("broken.json"), R"({"configuration": "u")");
  EXPECT_THROW(read_ablation_log(folder.file("broken.json")), Error);
}

TEST(AblationSummary, PoolsCountsOverFoldsBeforeAnythingIsDivided) {
  AblationPlan plan = plan_of(kPlan);
  const std::vector<AblationLog> logs = {log_of("both", 1, 1, {block(0, 10, 0, 10, 5)}),
                                         log_of("both", 2, 1, {block(1, 30, 10, 0, 5)}),
                                         log_of("image", 1, 1, {block(0, 5, 0, 15, 5)})};
  const auto rows = summarise(plan, logs, 100);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_DOUBLE_EQ(rows[0].pooled.f1, 80.0 / 100.0);  // 2 * 40 / (2 * 40 + 10 + 10)
  EXPECT_THAT(rows[0].f1_of_seed, ElementsAre(80.0 / 100.0));
  EXPECT_TRUE(rows[1].f1_of_seed.empty());  // a fold is missing
  EXPECT_EQ(rows[1].paired_blocks, 1);
  EXPECT_DOUBLE_EQ(rows[1].f1_difference, 0.4 - 2.0 / 3.0);   // block 0 alone
  EXPECT_DOUBLE_EQ(rows[1].iou_difference, 0.4 / 1.6 - 0.5);  // IoU = F1 / (2 - F1)
}

TEST(AblationSummary, AveragePrecisionIsComparedRunByRun) {
  AblationPlan plan = plan_of(kPlan);
  const auto with_false_alarm = [](const std::string& name, int fold, double margin) {
    AblationLog log = log_of(name, fold, 1, {block(fold, 1, 1, 0, 8)});  // landslide at 1
    log.scores.margins[1].add(margin, false);
    return log;
  };
  const auto rows = summarise(plan,
                              {with_false_alarm("both", 1, 2), with_false_alarm("both", 2, 0),
                               with_false_alarm("image", 1, 0), with_false_alarm("image", 2, 0)},
                              10);
  EXPECT_DOUBLE_EQ(rows[0].average_precision, 0.75);  // halved by the alarm that is surer than the landslide
  EXPECT_EQ(rows[1].paired_runs, 2);
  EXPECT_DOUBLE_EQ(rows[1].average_precision_difference, 0.25);
  EXPECT_DOUBLE_EQ(rows[1].average_precision_range.low, 0);
  EXPECT_DOUBLE_EQ(rows[1].average_precision_range.high, 0.5);
}

TEST(AblationSummary, AnotherNumberOfSeedsDoesNotTipTheComparison) {
  AblationPlan plan = plan_of(kPlan);
  std::vector<AblationLog> logs;
  for (const std::uint64_t seed : {1, 2}) {
    logs.push_back(log_of("both", 1, seed, {block(0, 10, 2, 3, 5), block(1, 20, 1, 0, 9)}));
    logs.push_back(log_of("both", 2, seed, {block(2, 4, 4, 4, 5)}));
  }
  logs.push_back(log_of("other-program", 1, 1, {block(0, 10, 2, 3, 5), block(1, 20, 1, 0, 9)}));
  logs.push_back(log_of("other-program", 2, 1, {block(2, 4, 4, 4, 5)}));
  const auto rows = summarise(plan, logs, 100);
  EXPECT_DOUBLE_EQ(rows[1].f1_difference, 0);
  EXPECT_DOUBLE_EQ(rows[1].f1_interval.low, 0);
  EXPECT_DOUBLE_EQ(rows[1].f1_interval.high, 0);
  EXPECT_THAT(to_markdown(plan, rows), HasSubstr("| other-program | 2 |"));
}

}  // namespace
}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#include "pipelines/runs/run_history.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipelines/error.h"
#include "pipelines/runs/run_folder.h"
#include "tests/support/evaluate_files.h"
#include "tests/support/test_files.h"

namespace scarp::pipelines {
namespace {

using testing::ElementsAre;
using testing::Field;

nn::TrainingEvent validated_event() {
  nn::TrainingEvent event;
  event.epoch = 2;
  event.step = 30;
  event.loss = 1.0 / 3;
  event.learning_rate = 1e-3;
  event.seconds_a_step = 0.25;
  event.contrast = 0.125;
  event.precision = nn::Precision::bf16;
  event.validated = true;
  event.validation_loss = 0.75;
  event.validation = {{}, {6, 2, 1}};
  return event;
}

nn::PretrainEvent pretrain_event(std::int64_t step, double loss) {
  nn::PretrainEvent event;
  event.step = step;
  event.images_a_second = 100;
  event.precision = nn::Precision::bf16;
  event.collapsed = step == 20;
  event.values = {{"loss", loss}, {"spread", 0.5}};
  return event;
}

/// What is logged, then read as a resumed run reads it.
template <typename Event>
std::string logged(const test::TempFolder& folder, const std::vector<Event>& events, bool resume = false) {
  if (resume) test::write_text(folder.file("checkpoints/last.safetensors"), "there is one");
  RunFolder run(folder.path(), resume, false);
  for (const Event& event : events) run.log(event);
  return run.metrics();
}

TEST(RunHistory, TrainingIsReadAsItWasLogged) {
  const test::TempFolder folder;
  const auto read = read_training_history(logged(folder, std::vector{validated_event()}));
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(history_line(read[0]), history_line(validated_event()));
  EXPECT_EQ(read[0].loss, 1.0 / 3);
  EXPECT_EQ(read[0].validation.at(1).false_positive, 2);
}

TEST(RunHistory, PretrainingIsReadAsItWasLogged) {
  const test::TempFolder folder;
  const auto read =
      read_pretraining_history(logged(folder, std::vector{pretrain_event(10, 0.5), pretrain_event(20, 0.1)}));
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(history_line(read[1]), history_line(pretrain_event(20, 0.1)));
  EXPECT_TRUE(read[1].collapsed);
  EXPECT_THAT(read[1].values, ElementsAre(std::pair("loss", 0.1), std::pair("spread", 0.5)));
}

TEST(RunHistory, StepsThatWereDoneAgainCountOnce) {
  const test::TempFolder folder;
  const auto read = read_pretraining_history(
      logged(folder, std::vector{pretrain_event(10, 0.9), pretrain_event(20, 0.8), pretrain_event(30, 0.7),
                                 pretrain_event(20, 0.6), pretrain_event(30, 0.5)}));
  EXPECT_THAT(read, ElementsAre(Field(&nn::PretrainEvent::step, 10), Field(&nn::PretrainEvent::step, 20),
                                Field(&nn::PretrainEvent::step, 30)));
  EXPECT_EQ(read[1].value("loss"), 0.6);
}

TEST(RunHistory, HalfALineOfARunThatWasKilledIsGoneWhenItIsResumed) {
  const test::TempFolder folder;
  const std::string metrics = logged(folder, std::vector{pretrain_event(10, 0.9)});
  std::filesystem::resize_file(metrics, std::filesystem::file_size(metrics) - 1);  // of a whole line, its end
  logged(folder, std::vector{pretrain_event(10, 0.8), pretrain_event(20, 0.7)}, /*resume=*/true);
  const auto read = read_pretraining_history(metrics);
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].value("loss"), 0.8);
  EXPECT_TRUE(read_training_history(folder.file("absent")).empty());
}

TEST(RunHistory, LinesBehindTheCheckpointAreGoneWhenTheRunIsResumed) {
  const test::TempFolder folder;
  logged(folder, std::vector{pretrain_event(10, 0.9), pretrain_event(20, 0.8), pretrain_event(30, 0.7)});
  const std::string metrics =
      logged(folder, std::vector{pretrain_event(20, 0.6), pretrain_event(25, 0.5)}, /*resume=*/true);
  EXPECT_EQ(test::file_text(metrics), history_line(pretrain_event(10, 0.9)) + "\n" +
                                          history_line(pretrain_event(20, 0.6)) + "\n" +
                                          history_line(pretrain_event(25, 0.5)) + "\n");
}

TEST(RunFolder, HoldsNoRunBeforeTheFirstCheckpoint) {
  const test::TempFolder folder;
  logged(folder, std::vector{pretrain_event(10, 0.9)});
  test::write_text(folder.file("config.resolved.yaml"), "of a run that was killed");
  const RunFolder again(folder.path(), /*resume=*/true, false);
  EXPECT_FALSE(again.goes_on());
  EXPECT_FALSE(std::filesystem::exists(again.config()));
  EXPECT_EQ(test::file_text(again.metrics()), "");
  test::write_text(again.last(), "there is one");
  EXPECT_THROW(RunFolder::require_free(folder.path(), false, false), Error);
  EXPECT_NO_THROW(RunFolder::require_free(folder.path(), true, false));
}

TEST(RunFolder, BelowAFileCannotBe) {
  const test::TempFolder folder;
  test::write_text(folder.file("file"), "in the way");
  EXPECT_THROW(RunFolder::require_free(folder.file("file/run"), false, false), Error);
  EXPECT_NO_THROW(RunFolder::require_free(folder.file("a/b/c"), false, false));
}

}  // namespace
}  // namespace scarp::pipelines

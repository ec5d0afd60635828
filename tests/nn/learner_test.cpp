// SPDX-License-Identifier: Apache-2.0
#include "nn/learner.h"

#include <csignal>
#include <filesystem>
#include <limits>
#include <sys/resource.h>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <torch/torch.h>

#include "nn/error.h"
#include "nn/segmenter.h"
#include "nn/training/moving_average.h"
#include "nn/training/scores.h"
#include "tests/support/golden_tensors.h"
#include "tests/support/test_files.h"
#include "tests/support/toy_run.h"

namespace scarp::nn {
namespace {

using test::expect_same_tensors;
using test::Outcome;
using test::toy_card;
using test::toy_options;
using test::ToySamples;
using test::trained;

TEST(Train, LearnsAToyProblem) {
  const test::TempFolder folder;
  ToySamples samples(16), validation(8, 64, 99);
  TrainingOptions options = toy_options();
  options.epochs = 16;
  options.average_decay = 0.9;
  options.learning_rate = 1e-2;
  std::vector<TrainingEvent> events;
  train(toy_card(), options, samples, &validation, {folder.file("last"), folder.file("best"), false},
        [&](const TrainingEvent& event) { events.push_back(event); }, {});
  ASSERT_FALSE(events.empty());
  const TrainingEvent& last = events.back();
  EXPECT_TRUE(last.validated);
  EXPECT_EQ(last.step, last.steps);
  EXPECT_GT(last.validation.at(1).f1(), 0.95);
  EXPECT_LT(last.validation_loss, 0.3);
  EXPECT_LT(last.loss, events.front().loss);

  // the best checkpoint holds the model alone, and it works
  for (const auto& [name, tensor] : test::all_tensors(folder.file("best")))
    EXPECT_TRUE(name.starts_with("model.")) << name;
  EXPECT_EQ(load_segmenter(folder.file("best"), {"cpu", Precision::fp32})->card().name, "toy");
  EXPECT_EQ(load_segmenter(folder.file("last"), {"cpu", Precision::fp32})->card().name, "toy");
}

TEST(Train, TheSameSeedGivesTheSameWeightsBitForBit) {
  const test::TempFolder folder;
  TrainingOptions options = toy_options();
  ModelCard card = toy_card();
  card.network.dropout = 0.3;
  const auto a = trained(folder.file("a"), options, false, -1, card);
  torch::manual_seed(4321);  // the program's generator is no part of it
  const auto b = trained(folder.file("b"), options, false, -1, card);
  expect_same_tensors(a.tensors, b.tensors);
  options.seed = 2;
  const auto c = trained(folder.file("c"), options, false, -1, card);
  EXPECT_FALSE(test::same_bits(a.tensors.at("model.head.weight"), c.tensors.at("model.head.weight")));
}

TEST(Train, ResumedEndsAsIfItHadNotBeenInterrupted) {
  const test::TempFolder folder;
  TrainingOptions options = toy_options();
  options.epochs = 3;
  options.batch = 2;  // 10 steps a pass: an event in the middle of the second
  ModelCard card = toy_card();
  card.network.dropout = 0.3;
  const auto whole = trained(folder.file("whole"), options, false, -1, card);
  for (const std::int64_t stop_at : {10, 11, 20}) {
    const std::string path = folder.file("stopped" + std::to_string(stop_at));
    const auto first = trained(path, options, false, stop_at, card);
    EXPECT_LT(first.events.back().step, 30);
    const auto second = trained(path, options, true, -1, card);
    expect_same_tensors(second.tensors, whole.tensors);
    EXPECT_EQ(second.events.back().validation.at(1).true_positive,
              whole.events.back().validation.at(1).true_positive);
    EXPECT_EQ(second.events.back().step, 30);
  }
}

TEST(Train, StoppedInsideAPassKeepsItsSteps) {
  const test::TempFolder folder;
  class StoppingSamples : public ToySamples {
   public:
    using ToySamples::ToySamples;
    std::stop_source stop;
    void spoil(std::int64_t, const SampleView&) override {
      if (fills() == 11) stop.request_stop();
    }
  };
  TrainingOptions options = toy_options();
  options.batch = 2;
  const auto whole = trained(folder.file("whole"), options);
  StoppingSamples samples(20);
  const std::string path = folder.file("stopped");
  train(toy_card(), options, samples, nullptr, {path, "", false}, nullptr, samples.stop.get_token());
  const auto state = nlohmann::json::parse(SafetensorsFile(path).header().metadata.at("scarp_training"));
  EXPECT_GE(state.at("step"), 3);
  EXPECT_LE(state.at("step"), 6);
  expect_same_tensors(trained(path, options, true).tensors, whole.tensors);
}

TEST(Train, AFinishedRunResumedChangesNothing) {
  const test::TempFolder folder;
  const auto first = trained(folder.file("a"), toy_options());
  const auto again = trained(folder.file("a"), toy_options(), true);
  EXPECT_TRUE(again.events.empty());
  expect_same_tensors(first.tensors, again.tensors);
}

TEST(Train, RefusesToResumeWithOtherOptionsNamingTheFirst) {
  const test::TempFolder folder;
  trained(folder.file("a"), toy_options());
  TrainingOptions options = toy_options();
  options.learning_rate = 1e-4;
  auto [fault, text] = test::nn_error_of([&] { trained(folder.file("a"), options, true); });
  EXPECT_EQ(fault, Fault::mismatch);
  EXPECT_THAT(text, testing::HasSubstr("learning_rate"));
  ModelCard card = toy_card();
  card.optical[0].mean = 101;
  std::tie(fault, text) =
      test::nn_error_of([&] { trained(folder.file("a"), toy_options(), true, -1, card); });
  EXPECT_EQ(fault, Fault::mismatch);
  EXPECT_THAT(text, testing::HasSubstr("other channels"));
}

TEST(Train, RefusesADamagedStateOfTraining) {
  const test::TempFolder folder;
  const std::string path = folder.file("a");
  trained(path, toy_options());
  const auto tensors = test::all_tensors(path);
  const auto metadata = SafetensorsFile(path).header().metadata;
  const auto sound = nlohmann::json::parse(metadata.at("scarp_training"));
  const auto refused = [&](const std::string& state) {
    write_tensors(path, {{kCardKey, metadata.at(kCardKey)}, {kTrainingKey, state}}, tensors);
    return test::nn_error_of([&] { trained(path, toy_options(), true); }).first;
  };
  EXPECT_EQ(refused("{}"), Fault::unreadable);
  EXPECT_EQ(refused("7"), Fault::unreadable);
  const std::vector<std::pair<std::string, nlohmann::json>> damages = {
      {"step", "many"},        {"step", -1},   {"step", 1e300}, {"finished_passes", 99},
      {"finished_passes", -1}, {"options", 3}, {"best_f1", "x"}};
  for (const auto& [key, value] : damages) {
    auto state = sound;
    state[key] = value;
    EXPECT_EQ(refused(state.dump()), Fault::unreadable) << key << " " << value;
  }
  write_tensors(path, {{kCardKey, metadata.at(kCardKey)}}, tensors);
  EXPECT_EQ(test::nn_error_of([&] { trained(path, toy_options(), true); }).first, Fault::mismatch);
}

TEST(Train, NeverOverwritesACheckpointThatIsNotResumed) {
  const test::TempFolder folder;
  const std::string path = folder.file("a");
  test::write_text(path, "precious");
  const auto [fault, text] = test::nn_error_of([&] { trained(path, toy_options()); });
  EXPECT_EQ(fault, Fault::already_exists);
  EXPECT_THAT(text, testing::HasSubstr(path));
}

TEST(Train, ALossThatIsNoNumberNamesStepAndPlaceAndKeepsTheLastCheckpoint) {
  class SpoiltSamples : public ToySamples {
   public:
    using ToySamples::ToySamples;
    void spoil(std::int64_t index, const SampleView& out) override {
      if (fills() > 24) out.optical[out.optical.size() / 2] = std::numeric_limits<float>::quiet_NaN();
      last = index;
    }
    std::int64_t last = 0;
  };
  const test::TempFolder folder;
  SpoiltSamples samples(20);
  TrainingOptions options = toy_options();
  const auto [fault, text] = test::nn_error_of([&] {
    train(toy_card(), options, samples, nullptr, {folder.file("last"), "", false}, nullptr, {});
  });
  EXPECT_EQ(fault, Fault::not_finite);
  EXPECT_THAT(text,
              testing::HasSubstr("step 6"));  // five steps a pass; the seventh batch holds the 25th sample
  EXPECT_THAT(text, testing::HasSubstr("of pass 1"));
  EXPECT_THAT(text, testing::HasSubstr("toy sample"));
  const auto state =
      nlohmann::json::parse(SafetensorsFile(folder.file("last")).header().metadata.at("scarp_training"));
  EXPECT_EQ(state.at("finished_passes"), 1);
}

TEST(Train, ALabelBeyondTheClassesNamesThePlace) {
  class WrongLabels : public ToySamples {
   public:
    using ToySamples::ToySamples;
    void spoil(std::int64_t index, const SampleView& out) override {
      if (index == 7) out.labels[100] = 2;
    }
  };
  const test::TempFolder folder;
  WrongLabels samples(20);
  const auto [fault, text] = test::nn_error_of([&] {
    train(toy_card(), toy_options(), samples, nullptr, {folder.file("last"), "", false}, nullptr, {});
  });
  EXPECT_EQ(fault, Fault::bad_argument);
  EXPECT_THAT(text, testing::HasSubstr("toy sample 7"));
  EXPECT_THAT(text, testing::HasSubstr("label 2"));
  EXPECT_EQ(folder.entries(), 0);
}

TEST(Train, PassesOnWhatTheSourceThrows) {
  class FailingSamples : public ToySamples {
   public:
    using ToySamples::ToySamples;
    void spoil(std::int64_t, const SampleView&) override {
      if (fills() == 9) throw std::runtime_error("the disk is gone");
    }
  };
  const test::TempFolder folder;
  FailingSamples samples(20);
  EXPECT_THROW(
      train(toy_card(), toy_options(), samples, nullptr, {folder.file("last"), "", false}, nullptr, {}),
      std::runtime_error);
}

/// While it lives, no file of this process grows beyond some bytes: a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small = {bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST(Train, AFullDiskKeepsTheCheckpointThatIsThere) {
  const test::TempFolder folder;
  TrainingOptions options = toy_options();
  options.epochs = 4;
  const Outcome stopped = trained(folder.file("last"), options, false, 10);
  {
    const FullDisk full(50'000);
    const auto [fault, text] = test::nn_error_of([&] { trained(folder.file("last"), options, true); });
    EXPECT_EQ(fault, Fault::unwritable);
    EXPECT_THAT(text, testing::HasSubstr("last"));
  }
  EXPECT_EQ(folder.entries(), 1);
  expect_same_tensors(test::all_tensors(folder.file("last")), stopped.tensors);
  EXPECT_FALSE(trained(folder.file("last"), options, true).events.empty());
}

TEST(Train, RefusesTasksThatCannotBeTrained) {
  const test::TempFolder folder;
  const auto refused = [&](const ModelCard& card, const TrainingOptions& options, std::int64_t size,
                           int side) {
    ToySamples samples(size, side);
    const auto [fault, text] = test::nn_error_of([&] {
      train(card, options, samples, nullptr, {folder.file("last"), "", false}, nullptr, {});
    });
    EXPECT_EQ(fault, Fault::bad_argument);
    return text;
  };
  EXPECT_THAT(refused(toy_card(), toy_options(), 3, 64), testing::HasSubstr("fewer than a batch of 4"));
  EXPECT_THAT(refused(toy_card(), toy_options(), 8, 48), testing::HasSubstr("multiple of 32"));
  TrainingOptions weights = toy_options();
  weights.class_weights = {1, 2, 3};
  EXPECT_THAT(refused(toy_card(), weights, 8, 64), testing::HasSubstr("class_weights"));
  ModelCard flat = toy_card();
  flat.optical[0].deviation = 0;
  EXPECT_THAT(refused(flat, toy_options(), 8, 64), testing::HasSubstr("deviation"));
  ModelCard shaded = toy_card();
  shaded.terrain.push_back({"hillshade", "1", 0, 1});
  EXPECT_THAT(refused(shaded, toy_options(), 8, 64), testing::HasSubstr("hillshade"));
}

TEST(Train, BfloatTrainsToo) {
  const test::TempFolder folder;
  TrainingOptions options = toy_options();
  options.precision = Precision::bf16;
  const auto outcome = trained(folder.file("a"), options);
  EXPECT_EQ(outcome.tensors.at("model.head.weight").scalar_type(), torch::kFloat32);
  EXPECT_TRUE(std::isfinite(outcome.events.back().loss));
}

TEST(Train, EndsWhenItsPatienceIsUsedUpAndStaysEndedWhenResumed) {
  const test::TempFolder folder;
  TrainingOptions options = toy_options();
  options.epochs = 50;
  options.patience = 2;
  options.learning_rate = 1e-12;  // nothing is learnt, so nothing gets better
  const Outcome outcome = trained(folder.file("last"), options);
  const TrainingEvent last = outcome.events.back();
  EXPECT_LT(last.step, last.steps);
  EXPECT_TRUE(trained(folder.file("last"), options, true).events.empty());
}

TEST(Train, WithRotationAndZoomItIsTheSameForTheSameSeed) {
  const test::TempFolder folder;
  TrainingOptions options = toy_options();
  options.rotation = 20;
  options.scale = 1.3;
  const Outcome once = trained(folder.file("once"), options);
  expect_same_tensors(once.tensors, trained(folder.file("again"), options).tensors);
  options.rotation = 0;
  EXPECT_FALSE(test::same_bits(once.tensors.at("model.head.weight"),
                               trained(folder.file("other"), options).tensors.at("model.head.weight")));
}

TEST(Train, WithAutomaticPrecisionSaysWhatWasFoundAndKeepsItWhenResumed) {
  const test::TempFolder folder;
  TrainingOptions options = toy_options();
  options.precision = Precision::automatic;
  const Outcome stopped = trained(folder.file("last"), options, false, 5);
  const Precision found = stopped.events.back().precision;
  EXPECT_NE(found, Precision::automatic);
  EXPECT_EQ(trained(folder.file("last"), options, true).events.back().precision, found);
}

TEST(TrainingOptions, RefuseTheFirstFieldOutOfRangeByName) {
  const auto told = [](auto change) -> std::string {
    TrainingOptions options;
    change(options);
    try {
      options.check();
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(told([](auto&) {}), "");
  EXPECT_THAT(told([](auto& o) { o.epochs = 0; }), testing::HasSubstr("epochs"));
  EXPECT_THAT(told([](auto& o) { o.batch = 1; }), testing::HasSubstr("batch"));
  EXPECT_THAT(told([](auto& o) { o.learning_rate = 0; }), testing::HasSubstr("learning_rate"));
  EXPECT_THAT(told([](auto& o) { o.weight_decay = -1; }), testing::HasSubstr("weight_decay"));
  EXPECT_THAT(told([](auto& o) { o.warmup = 1; }), testing::HasSubstr("warmup"));
  EXPECT_THAT(told([](auto& o) { o.clip_norm = -1; }), testing::HasSubstr("clip_norm"));
  EXPECT_THAT(told([](auto& o) { o.dice_weight = -1; }), testing::HasSubstr("dice_weight"));
  EXPECT_THAT(told([](auto& o) { o.class_weights = {-1, 1}; }), testing::HasSubstr("class_weights"));
  EXPECT_THAT(told([](auto& o) { o.average_decay = 1; }), testing::HasSubstr("average_decay"));
  EXPECT_THAT(told([](auto& o) { o.photometric = 1; }), testing::HasSubstr("photometric"));
  EXPECT_THAT(told([](auto& o) { o.threads = 0; }), testing::HasSubstr("threads"));
}

TEST(Scores, CountLabelledPixelsOfAllBatchesTogether) {
  Scores scores(2, at::kCPU);
  const auto logits_for = [](const at::Tensor& guess) {
    return torch::stack({1 - guess, guess}, 1).to(torch::kFloat32);
  };
  scores.add(logits_for(torch::tensor({{{1, 1, 0, 0}}})), torch::tensor({{{1, 0, 1, 255}}}));
  scores.add(logits_for(torch::tensor({{{1, 1, 0, 1}}})), torch::tensor({{{1, 1, 0, 255}}}));
  const auto slide = scores.counts().at(1), ground = scores.counts().at(0);
  EXPECT_EQ(slide.true_positive, 3);
  EXPECT_EQ(slide.false_positive, 1);
  EXPECT_EQ(slide.false_negative, 1);
  EXPECT_EQ(ground.true_positive, 1);
  EXPECT_DOUBLE_EQ(slide.f1(), 0.75);
  EXPECT_DOUBLE_EQ(slide.iou(), 0.6);
  EXPECT_EQ(ClassCounts{}.f1(), 0);
}

TEST(MovingAverage, FollowsQuicklyAtFirstThenWithItsDecay) {
  const auto filled = [](float value) {
    auto network = make_network(toy_card());
    const torch::NoGradGuard no_grad;
    for (auto& parameter : network->parameters()) parameter.fill_(value);
    for (auto& buffer : network->buffers()) buffer.fill_(value);
    return network;
  };
  auto leader = filled(1);
  MovingAverage average(filled(0), 0.9);
  const auto first_weight = [&] {
    return average.network()->parameters().front().flatten()[0].item<float>();
  };
  average.update(leader, 1);
  EXPECT_NEAR(first_weight(), 1 - 2.0 / 11, 1e-6);
  average.update(leader, 1'000'000);
  EXPECT_NEAR(first_weight(), 1 - 0.9 * 2.0 / 11, 1e-6);
  EXPECT_EQ(average.network()->buffers().front().flatten()[0].item<float>(), 0);
  average.copy_statistics(leader);
  EXPECT_EQ(average.network()->buffers().front().flatten()[0].item<float>(), 1);
}

}  // namespace
}  // namespace scarp::nn

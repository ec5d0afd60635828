// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "nn/error.h"
#include "nn/learner.h"
#include "nn/segmenter.h"
#include "nn/training/batch_loader.h"
#include "nn/training/contrastive_term.h"
#include "tests/support/golden_tensors.h"
#include "tests/support/test_files.h"
#include "tests/support/toy_run.h"

namespace scarp::nn {
namespace {

using test::expect_same_tensors;
using test::toy_card;
using test::toy_options;
using test::ToySamples;
using test::trained;

TrainingOptions contrastive(ContrastKeys keys = ContrastKeys::momentum) {
  TrainingOptions options = toy_options();
  options.contrast.weight = 0.1;
  options.contrast.keys = keys;
  options.contrast.stride = 4;
  options.contrast.band = 1;
  options.contrast.width = 8;
  options.contrast.queue = 64;
  options.contrast.warmup = 16;
  options.contrast.draws = 8;
  return options;
}

/// Ground without a single landslide.
class BareGround : public ToySamples {
  using ToySamples::ToySamples;
  void spoil(std::int64_t, const SampleView& out) override {
    for (auto& label : out.labels) label = label == 1 ? 0 : label;
  }
};

TEST(ContrastiveTraining, ResumedEndsAsIfItHadNotBeenInterrupted) {
  const test::TempFolder folder;
  TrainingOptions options = contrastive();
  options.epochs = 3;
  options.batch = 2;  // 10 steps a pass
  const auto whole = trained(folder.file("whole"), options);
  EXPECT_TRUE(whole.tensors.contains("queue.embeddings"));
  EXPECT_TRUE(whole.tensors.contains("contrast.head.inner.weight"));
  EXPECT_TRUE(whole.tensors.contains("contrast.momentum_head.norm.running_var"));
  EXPECT_GT(whole.events.back().contrast, 0);
  for (const std::int64_t stop_at : {10, 20}) {
    const std::string path = folder.file("stopped" + std::to_string(stop_at));
    trained(path, options, false, stop_at);
    expect_same_tensors(trained(path, options, true).tensors, whole.tensors);
  }
}

TEST(ContrastiveTraining, EveryKindOfKeysTeachesSomethingElse) {
  const test::TempFolder folder;
  std::vector<at::Tensor> heads = {
      trained(folder.file("off"), toy_options()).tensors.at("model.head.weight")};
  for (const ContrastKeys keys : {ContrastKeys::batch, ContrastKeys::queue, ContrastKeys::momentum}) {
    const std::string name = "keys" + std::to_string(static_cast<int>(keys));
    heads.push_back(trained(folder.file(name), contrastive(keys)).tensors.at("model.head.weight"));
  }
  for (std::size_t i = 0; i < heads.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) EXPECT_FALSE(test::same_bits(heads[i], heads[j])) << i << " " << j;
}

TEST(ContrastiveTraining, TheModelHoldsNothingOfIt) {
  const test::TempFolder folder;
  ToySamples samples(8);
  train(toy_card(), contrastive(), samples, nullptr, {folder.file("last"), folder.file("best"), false},
        nullptr, {});
  for (const auto& [name, tensor] : test::all_tensors(folder.file("best")))
    EXPECT_TRUE(name.starts_with("model.")) << name;
  EXPECT_EQ(load_segmenter(folder.file("last"), {"cpu", Precision::fp32})->card().name, "toy");
}

TEST(ContrastiveTraining, GroundWithoutALandslideIsAStepLikeAnother) {
  const test::TempFolder folder;
  BareGround samples(8);
  std::vector<TrainingEvent> events;
  train(toy_card(), contrastive(), samples, nullptr, {folder.file("last"), "", false},
        [&](const TrainingEvent& event) { events.push_back(event); }, {});
  EXPECT_TRUE(std::isfinite(events.back().loss));
  EXPECT_EQ(events.back().contrast, 0);  // no anchors; and the queue of landslides never fills
}

TEST(ContrastiveTraining, ACheckpointWithOtherQueuesIsRefused) {
  const test::TempFolder folder;
  trained(folder.file("last"), contrastive(), false, 5);
  const auto told = [&](auto change) {
    TrainingOptions options = contrastive();
    change(options.contrast);
    const auto [fault, text] = test::nn_error_of([&] { trained(folder.file("last"), options, true); });
    EXPECT_EQ(fault, Fault::mismatch);
    return text;
  };
  EXPECT_THAT(told([](auto& c) { c.width = 16; }), testing::HasSubstr("contrast"));
  EXPECT_THAT(told([](auto& c) { c.weight = 0; }), testing::HasSubstr("contrast"));
  // the tensors themselves are looked at too
  ContrastiveTerm term(contrastive().contrast, make_network(toy_card()), 1, 10, at::kCPU);
  auto tensors = test::all_tensors(folder.file("last"));
  tensors["queue.embeddings"] = torch::zeros({2, 64, 9});
  const auto [fault, text] = test::nn_error_of([&] { term.load(tensors, "the file"); });
  EXPECT_EQ(fault, Fault::mismatch);
  EXPECT_THAT(text, testing::AllOf(testing::HasSubstr("the file"), testing::HasSubstr("queue.embeddings")));
}

TEST(ContrastiveTraining, OptionsOutOfRangeAreNamed) {
  const auto told = [](auto change) -> std::string {
    TrainingOptions options = contrastive();
    change(options.contrast);
    try {
      options.check();
      options.contrast.level(1);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(told([](auto&) {}), "");
  EXPECT_EQ(told([](auto& c) { c.weight = -1; }), "contrast.weight must not be negative, is -1.000000");
  EXPECT_THAT(told([](auto& c) { c.temperature = 0; }), testing::HasSubstr("contrast.temperature"));
  EXPECT_THAT(told([](auto& c) { c.ramp = 2; }), testing::HasSubstr("contrast.ramp"));
  EXPECT_THAT(told([](auto& c) { c.band = 0; }), testing::HasSubstr("contrast.band"));
  EXPECT_THAT(told([](auto& c) { c.width = 1; }), testing::HasSubstr("contrast.width"));
  EXPECT_THAT(told([](auto& c) { c.queue = 0; }), testing::HasSubstr("contrast.queue"));
  EXPECT_THAT(told([](auto& c) { c.warmup = 65; }), testing::HasSubstr("contrast.warmup"));
  EXPECT_THAT(told([](auto& c) { c.draws = 0; }), testing::HasSubstr("contrast.draws"));
  EXPECT_EQ(told([](auto& c) { c.stride = 12; }),
            "contrast.stride must be 4, 8 or 16 times network.input_stride (1), is 12");
}

TEST(BatchLoader, DrawsPairsOnlyWhereTheTrainingContrasts) {
  ToySamples samples(8);
  BatchLoader plain(samples, toy_card(), toy_options(), true);
  EXPECT_FALSE(plain.load(0, {0, 1}).pairs.has_value());
  BatchLoader drawing(samples, toy_card(), contrastive(), true);
  const TrainingBatch batch = drawing.load(0, {0, 1});
  ASSERT_TRUE(batch.pairs.has_value());
  EXPECT_EQ(batch.pairs->cells.sizes(), (std::vector<std::int64_t>{2, 16}));
  EXPECT_EQ(batch.pairs->labels.sizes(), (std::vector<std::int64_t>{2, 16}));
  EXPECT_TRUE(batch.pairs->labels.slice(1, 8).ge(0).any().item<bool>());  // background
  EXPECT_LE(batch.pairs->labels.slice(1, 8).max().item<int>(), 0);
  EXPECT_LT(batch.pairs->cells.max().item<int>(), 16 * 16);
  // what is drawn is drawn after everything else: the planes are those of a training without contrast
  EXPECT_TRUE(torch::equal(batch.planes.optical, plain.load(0, {0, 1}).planes.optical));
  EXPECT_TRUE(torch::equal(batch.pairs->cells, drawing.load(0, {0, 1}).pairs->cells));
}

// Keys come from running statistics, so those of a sample are the same whoever shares its batch.
TEST(ContrastiveTerm, KeysOfASampleDoNotDependOnItsBatch) {
  TrainingOptions options = contrastive();
  options.contrast.queue = options.contrast.warmup = 16;
  ToySamples samples(8);
  BatchLoader loader(samples, toy_card(), options, true);
  auto network = make_network(toy_card()), average = make_network(toy_card());
  initialise(*network, 1);
  initialise(*average, 1);
  average->eval();
  network->eval();
  const auto queue_after = [&](std::vector<std::int64_t> indices) {
    ContrastiveTerm term(options.contrast, network, 1, 10, at::kCPU);
    const TrainingBatch batch = loader.load(0, std::move(indices));
    const PairRows of_first = {batch.pairs->cells.slice(0, 0, 1), batch.pairs->labels.slice(0, 0, 1)};
    term.follow(average, network, 0.9, batch.planes, of_first);
    NamedTensors tensors;
    term.save(tensors);
    return tensors.at("queue.embeddings");
  };
  EXPECT_TRUE(queue_after({3, 4}).allclose(queue_after({3, 5}), 0, 1e-5));
}

TEST(DualBranchNetwork, LowerFeaturesAloneAreThoseOfAllLevels) {
  auto network = make_network(toy_card());
  initialise(*network, 3);
  network->eval();
  const auto random = at::make_generator<at::CPUGeneratorImpl>(5);
  const auto optical = torch::randn({2, 2, 64, 64}, random), terrain = torch::randn({2, 4, 64, 64}, random);
  const auto all = network->features(optical, terrain);
  ASSERT_EQ(all.size(), 5U);
  for (std::size_t levels = 1; levels <= 5; ++levels) {
    const auto some = network->features(optical, terrain, levels);
    ASSERT_EQ(some.size(), levels);
    EXPECT_TRUE(torch::equal(some.back(), all[levels - 1]));
  }
}

}  // namespace
}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include "nn/segmenter.h"

#include <cmath>
#include <limits>
#include <random>
#include <thread>

#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "nn/error.h"
#include "nn/torch/input_planes.h"
#include "tests/support/golden_tensors.h"
#include "tests/support/test_files.h"
#include "tests/support/toy_training.h"

namespace scarp::nn {
namespace {

constexpr int kSide = 64;

/// Tiles that own their planes.
struct Tiles {
  int tiles = 0;
  std::vector<float> optical, terrain;
  std::vector<std::uint8_t> valid, terrain_valid;

  Tiles(const ModelCard& card, int count, unsigned seed = 1) : tiles(count) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> value(-200, 200);
    const auto fill = [&](auto& planes, std::size_t channels, auto&& draw) {
      planes.resize(channels * static_cast<std::size_t>(count * kSide * kSide));
      for (auto& each : planes) each = draw();
    };
    fill(optical, card.optical.size(), [&] { return value(random); });
    fill(terrain, card.terrain.size(), [&] { return value(random) / 20; });
    fill(valid, 1, [&] { return random() % 10 != 0 ? 1 : 0; });
    fill(terrain_valid, 1, [&] { return random() % 10 != 0 ? 1 : 0; });
  }
  TileBatch batch() const { return {tiles, kSide, kSide, optical, terrain, valid, terrain_valid}; }
  /// Tile i alone.
  TileBatch tile(std::size_t i) const {
    const auto part = [&](const auto& planes) {
      const std::size_t one = planes.size() / static_cast<std::size_t>(tiles);
      return std::span(planes).subspan(i * one, one);
    };
    return {1, kSide, kSide, part(optical), part(terrain), part(valid), part(terrain_valid)};
  }
};

std::vector<float> logits_of(const Segmenter& segmenter, const TileBatch& batch) {
  std::vector<float> logits(
      segmenter.card().classes.size() * static_cast<std::size_t>(batch.tiles * batch.rows * batch.cols),
      std::numeric_limits<float>::quiet_NaN());
  segmenter.segment(batch, logits);
  return logits;
}

class SegmenterTest : public testing::Test {
 protected:
  std::unique_ptr<Segmenter> load(const ModelCard& card, Precision precision = Precision::fp32) {
    const std::string path = folder_.file("m.safetensors");
    test::write_random_model(path, card);
    return load_segmenter(path, {"cpu", precision});
  }
  test::TempFolder folder_;
};

TEST_F(SegmenterTest, EqualsTheNetworkThatTheFileHolds) {
  ModelCard card = test::toy_card();
  card.temperature = 2;
  const auto segmenter = load(card);
  const Tiles tiles(card, 1);
  auto network = make_network(card);
  restore(*network, kModelPrefix, test::all_tensors(folder_.file("m.safetensors")), "m");
  network->eval();
  const torch::NoGradGuard no_grad;
  const auto planes = InputNormaliser(card, at::kCPU)(
      torch::tensor(tiles.optical).view({1, -1, kSide, kSide}),
      torch::tensor(tiles.terrain).view({1, -1, kSide, kSide}),
      torch::tensor(tiles.valid).view({1, 1, kSide, kSide}).to(torch::kBool),
      torch::tensor(tiles.terrain_valid).view({1, 1, kSide, kSide}).to(torch::kBool));
  const auto wanted = network(planes.optical, planes.terrain) / 2;
  const auto given = torch::tensor(logits_of(*segmenter, tiles.batch())).view(wanted.sizes());
  EXPECT_LT(test::largest_difference(given, wanted), 1e-5 * std::max(1.0, wanted.abs().max().item<double>()));
}

TEST_F(SegmenterTest, ATilesAnswerDoesNotDependOnTheBatch) {
  const auto segmenter = load(test::toy_card());
  const Tiles tiles(test::toy_card(), 4);
  const auto together = logits_of(*segmenter, tiles.batch());
  const std::size_t one = together.size() / 4;
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(logits_of(*segmenter, tiles.tile(i)),
              std::vector<float>(together.begin() + static_cast<std::ptrdiff_t>(i * one),
                                 together.begin() + static_cast<std::ptrdiff_t>((i + 1) * one)))
        << i;
  }
}

TEST_F(SegmenterTest, AnswersTheSameToSeveralThreadsAtOnce) {
  for (const auto precision : {Precision::fp32, Precision::bf16}) {
    const auto segmenter = load(test::toy_card(), precision);
    const Tiles tiles(test::toy_card(), 2);
    const auto alone = logits_of(*segmenter, tiles.batch());
    std::vector<std::vector<float>> answers(3);
    {
      std::vector<std::jthread> threads;
      for (auto& answer : answers) {
        threads.emplace_back([&] {
          set_up_worker_thread();
          answer = logits_of(*segmenter, tiles.batch());
        });
      }
    }
    for (const auto& answer : answers) EXPECT_EQ(answer, alone);
  }
}

TEST_F(SegmenterTest, DoesNotDependOnTheThreadCountOfTheCallerAndLeavesIt) {
  const auto segmenter = load(test::toy_card());
  const Tiles tiles(test::toy_card(), 1);
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const auto one = logits_of(*segmenter, tiles.batch());
  at::set_num_threads(2);
  EXPECT_EQ(logits_of(*segmenter, tiles.batch()), one);
  EXPECT_EQ(at::get_num_threads(), 2);
  at::set_num_threads(before);
}

TEST_F(SegmenterTest, NeverLooksAtWhatAnInvalidPixelHolds) {
  const auto segmenter = load(test::toy_card());
  Tiles tiles(test::toy_card(), 1);
  const auto clean = logits_of(*segmenter, tiles.batch());
  const auto pixels = tiles.valid.size();
  for (std::size_t i = 0; i < pixels; ++i) {
    const float rubbish =
        i % 2 == 0 ? std::numeric_limits<float>::quiet_NaN() : std::numeric_limits<float>::infinity();
    if (tiles.valid[i] == 0) tiles.optical[i] = rubbish;
    for (std::size_t c = 0; c < 3; ++c) {
      if (tiles.valid[i] == 0 || tiles.terrain_valid[i] == 0) tiles.terrain[c * pixels + i] = rubbish;
    }
  }
  const auto spoilt = logits_of(*segmenter, tiles.batch());
  EXPECT_EQ(spoilt, clean);
  for (const float logit : spoilt) ASSERT_TRUE(std::isfinite(logit));
}

TEST_F(SegmenterTest, HidesNoValueThatIsValidButNotANumber) {
  const auto segmenter = load(test::toy_card());
  Tiles tiles(test::toy_card(), 1);
  tiles.valid.assign(tiles.valid.size(), 1);
  tiles.optical[kSide * kSide / 2] = std::numeric_limits<float>::quiet_NaN();
  const auto logits = logits_of(*segmenter, tiles.batch());
  EXPECT_TRUE(std::any_of(logits.begin(), logits.end(), [](float x) { return std::isnan(x); }));
}

TEST_F(SegmenterTest, WorksWithOneBranchAlone) {
  ModelCard optical_only = test::toy_card();
  optical_only.terrain.clear();
  ModelCard terrain_only = test::toy_card();
  terrain_only.optical.clear();
  for (const ModelCard& card : {optical_only, terrain_only}) {
    const auto segmenter = load(card);
    for (const float logit : logits_of(*segmenter, Tiles(card, 2).batch())) ASSERT_TRUE(std::isfinite(logit));
  }
}

TEST_F(SegmenterTest, EveryFormOfFusionIsReadAgain) {
  for (const Fusion fusion : {Fusion::all_levels, Fusion::high_levels, Fusion::early}) {
    ModelCard card = test::toy_card();
    card.network.fusion = fusion;
    card.optical_window_px = 9;
    const Tiles tiles(card, 1);
    for (const float logit : logits_of(*load(card), tiles.batch())) ASSERT_TRUE(std::isfinite(logit));
  }
}

TEST_F(SegmenterTest, BfloatAnswersLieNearThoseOfFloat) {
  const Tiles tiles(test::toy_card(), 1);
  const auto full = torch::tensor(logits_of(*load(test::toy_card()), tiles.batch()));
  const auto segmenter = load(test::toy_card(), Precision::bf16);
  EXPECT_EQ(segmenter->precision(), "bf16");
  const auto half = torch::tensor(logits_of(*segmenter, tiles.batch()));
  EXPECT_LT((full - half).abs().mean().item<double>(), 0.03 * full.std().item<double>());
  EXPECT_FALSE(test::same_bits(full, half));
}

TEST_F(SegmenterTest, HalfPrecisionFilesAnswerNearlyTheSame) {
  const ModelCard card = test::toy_card();
  const auto segmenter = load(card);
  export_half(folder_.file("m.safetensors"), folder_.file("half.safetensors"), false);
  const auto shipped = load_segmenter(folder_.file("half.safetensors"), {"cpu", Precision::fp32});
  const Tiles tiles(card, 1);
  const auto a = torch::tensor(logits_of(*segmenter, tiles.batch()));
  const auto b = torch::tensor(logits_of(*shipped, tiles.batch()));
  EXPECT_LT(test::largest_difference(a, b), 0.02 * a.std().item<double>());
}

TEST_F(SegmenterTest, RefusesPlanesThatDoNotFit) {
  const auto segmenter = load(test::toy_card());
  const Tiles tiles(test::toy_card(), 1);
  std::vector<float> logits(2 * kSide * kSide);
  TileBatch batch = tiles.batch();
  batch.terrain = batch.terrain.first(5);
  const auto [fault, text] = test::nn_error_of([&] { segmenter->segment(batch, logits); });
  EXPECT_EQ(fault, Fault::bad_argument);
  EXPECT_THAT(text, testing::HasSubstr("do not fit"));
  batch = tiles.batch();
  batch.rows = 32 * 4;
  batch.cols = 32;
  EXPECT_NO_THROW(segmenter->segment(batch, logits));
  batch.rows = 16;
  batch.cols = 256;
  EXPECT_THAT(test::nn_error_of([&] { segmenter->segment(batch, logits); }).second,
              testing::HasSubstr("multiples of 32"));
}

TEST_F(SegmenterTest, ErrorsOfLoadingAreTyped) {
  const auto load_text = [&](const std::string& path, const std::string& device = "cpu") {
    return test::nn_error_of([&] { load_segmenter(path, {device, Precision::fp32}); });
  };
  EXPECT_EQ(load_text(folder_.file("absent")).first, Fault::missing_file);
  test::write_text(folder_.file("text"), "not a model, certainly");
  EXPECT_EQ(load_text(folder_.file("text")).first, Fault::unreadable);
  const std::string model = folder_.file("m.safetensors");
  test::write_random_model(model, test::toy_card());
  EXPECT_EQ(load_text(model, "cuda:77").first, Fault::no_device);
  EXPECT_EQ(load_text(model, "tpu").first, Fault::bad_argument);
}

TEST_F(SegmenterTest, RefusesWeightsThatContradictTheCard) {
  const std::string path = folder_.file("m.safetensors");
  const ModelCard card = test::toy_card();
  test::write_random_model(path, card);
  const auto sound = test::all_tensors(path);
  const auto told = [&](const NamedTensors& tensors, const ModelCard& with) {
    write_tensors(path, {{kCardKey, with.to_json()}}, tensors);
    const auto [fault, text] = test::nn_error_of([&] { load_segmenter(path, {"cpu", Precision::fp32}); });
    EXPECT_EQ(fault, Fault::mismatch);
    return text;
  };
  auto tensors = sound;
  tensors.erase("model.head.bias");
  EXPECT_THAT(told(tensors, card), testing::HasSubstr("model.head.bias"));
  tensors = sound;
  tensors["model.extra"] = torch::ones({1});
  EXPECT_THAT(told(tensors, card), testing::HasSubstr("model.extra"));
  tensors = sound;
  tensors["model.head.bias"] = torch::ones({3});
  EXPECT_THAT(told(tensors, card), testing::HasSubstr("another shape"));
  ModelCard wider = card;
  wider.network.width = 2;
  wider.network.encoder = EncoderShape::resnet50;
  EXPECT_THAT(told(sound, wider), testing::HasSubstr("model."));
}

TEST(Devices, TheProcessorComesFirst) {
  const auto all = devices();
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all.front().name, "cpu");
  EXPECT_FALSE(all.front().description.empty());
  EXPECT_THAT(torch_version(), testing::StartsWith("2."));
}

}  // namespace
}  // namespace scarp::nn

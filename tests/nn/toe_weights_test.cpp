// SPDX-License-Identifier: Apache-2.0
#include "nn/training/toe_weights.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "nn/segmentation/outline_zones.h"
#include "nn/torch/losses.h"
#include "nn/training/batch_loader.h"
#include "tests/support/golden_tensors.h"
#include "tests/support/test_files.h"
#include "tests/support/toy_run.h"

namespace scarp::nn {
namespace {

constexpr int kSide = 24;

/// A landslide of 16 x 16 pixels in the middle of a window, on a slope that rises to the north.
struct Slope {
  at::Tensor labels = torch::zeros({kSide, kSide}, torch::kUInt8);
  at::Tensor terrain = torch::zeros({1, 2, kSide, kSide});
  at::Tensor valid = torch::ones({1, 1, kSide, kSide}, torch::kUInt8);

  Slope() {
    labels.slice(0, 4, 20).slice(1, 4, 20).fill_(1);
    terrain.select(1, 1).fill_(0.5);
  }
  static ModelCard card() {
    ModelCard card;
    card.terrain = {{"gradient_east", "1", 0, 1}, {"gradient_north", "1", 0, 1}};
    return card;
  }
  at::Tensor weights(double weight, int width) const {
    TrainingOptions options;
    options.toe_weight = weight;
    options.toe_width = width;
    return ToeWeights(card(), options, kSide).of(labels, terrain, valid);
  }
};

std::vector<std::string> drawn(const at::Tensor& weights) {
  std::vector<std::string> rows;
  for (std::int64_t row = 0; row < weights.size(0); ++row) {
    rows.emplace_back();
    for (std::int64_t col = 0; col < weights.size(1); ++col)
      rows.back() += weights[row][col].item<float>() < 1 ? 't' : '.';
  }
  return rows;
}

TEST(ToeWeights, LieOnBothSidesOfTheLowerOutline) {
  EXPECT_THAT(drawn(Slope().weights(0.3, 2)), testing::ElementsAre("........................",  //
                                                                   "........................",  //
                                                                   "........................",  //
                                                                   "........................",  //
                                                                   "........................",  //
                                                                   "........................",  //
                                                                   "........................",  //
                                                                   "........................",  //
                                                                   "........................",  //
                                                                   "........................",  //
                                                                   "........................",  //
                                                                   "........................",  //
                                                                   "..t..t............t..t..",  //
                                                                   "..tttt............tttt..",  //
                                                                   "..tttt............tttt..",  //
                                                                   "..tttt............tttt..",  //
                                                                   "..tttt............tttt..",  //
                                                                   "..tttt............tttt..",  //
                                                                   "..tttttttttttttttttttt..",  //
                                                                   "..tttttttttttttttttttt..",  //
                                                                   "...tttttttttttttttttt...",  //
                                                                   "....tttttttttttttttt....",  //
                                                                   "........................",  //
                                                                   "........................"));
}

TEST(ToeWeights, TurnWithTheGround) {
  Slope west;
  west.terrain.zero_();
  west.terrain.select(1, 0).fill_(-0.5);
  EXPECT_TRUE(torch::equal(west.weights(0.3, 2), Slope().weights(0.3, 2).rot90()));
}

TEST(ToeWeights, HoldTheWeightThatWasAskedFor) {
  const auto weights = Slope().weights(0.25, 3);
  EXPECT_TRUE(weights.eq(1).logical_or(weights.eq(0.25)).all().item<bool>());
  EXPECT_GT(weights.eq(0.25).sum().item<int>(), Slope().weights(0.25, 1).eq(0.25).sum().item<int>());
}

TEST(ToeWeights, WithoutADirectionUpEveryLabelCountsWhole) {
  Slope flat, hidden, bare;
  flat.terrain.zero_();
  hidden.valid.zero_();
  bare.labels.zero_();
  for (const Slope* ground : {&flat, &hidden, &bare})
    EXPECT_TRUE(ground->weights(0, 3).eq(1).all().item<bool>());
}

TEST(ToeWeights, WithoutGradientsAreRefused) {
  ModelCard card;
  card.terrain = {{"slope", "degree", 0, 1}};
  TrainingOptions options;
  options.toe_weight = 0.5;
  const auto [fault, text] = test::nn_error_of([&] { ToeWeights(card, options, kSide); });
  EXPECT_EQ(fault, Fault::bad_argument);
  EXPECT_EQ(
      text,
      "training.toe_weight is 0.500000, but the terrain has no channels gradient_east and gradient_north, "
      "by which toes are told from walls: add them to terrain, or leave toe_weight at 1");
  options.toe_weight = 1;
  EXPECT_NO_THROW(ToeWeights(card, options, kSide));
}

/// Logits and labels of two samples and weights that are 0, a half or 1.
struct WeightedCase {
  at::Tensor logits, labels, weights;
  WeightedCase() {
    torch::manual_seed(4);
    logits = torch::randn({2, 3, 4, 5}, torch::kFloat64);
    labels = torch::randint(0, 3, {2, 4, 5}, torch::kInt64);
    labels.index_put_({0, 1}, kIgnoreLabel);
    weights = torch::randint(0, 3, {2, 4, 5}).to(torch::kFloat32) / 2;
  }
  static std::pair<double, at::Tensor> learnt(const at::Tensor& logits,
                                              const at::Tensor& labels,
                                              const at::Tensor& w) {
    auto z = logits.detach().clone().requires_grad_();
    const auto loss = segmentation_loss(z, labels, {0.7, torch::tensor({0.5F, 1.0F, 3.0F})}, w);
    loss.backward();
    return {loss.item<double>(), z.grad().to(torch::kFloat64)};
  }
};

TEST(SegmentationLoss, APixelOfNoWeightIsAsGoodAsUnlabelled) {
  const WeightedCase given;
  const auto all_or_nothing = given.weights.ge(0.5).to(torch::kFloat32);
  const auto without = given.labels.masked_fill(all_or_nothing == 0, kIgnoreLabel);
  for (const auto type : {torch::kFloat64, torch::kFloat32}) {
    const auto weighted = WeightedCase::learnt(given.logits.to(type), given.labels, all_or_nothing);
    const auto ignored = WeightedCase::learnt(given.logits.to(type), without, {});
    EXPECT_NEAR(weighted.first, ignored.first, 1e-6);
    EXPECT_TRUE(weighted.second.allclose(ignored.second, 1e-5, 1e-7));
  }
}

// Twice each pixel of weight 1, once each of a half: the mean is that of half-weights.
TEST(SegmentationLoss, WeightsAreSoMuchOfAPixel) {
  const WeightedCase given;
  const auto twice = [&](const at::Tensor& x) { return torch::cat({x, x}, -1); };
  auto labels = twice(given.labels);
  labels.slice(-1, 5).masked_fill_(given.weights < 1, kIgnoreLabel);
  labels.slice(-1, 0, 5).masked_fill_(given.weights < 0.5, kIgnoreLabel);
  const SegmentationLossOptions entropy{0, {}};
  EXPECT_NEAR(segmentation_loss(given.logits, given.labels, entropy, given.weights).item<double>(),
              segmentation_loss(twice(given.logits), labels, entropy).item<double>(), 1e-9);
}

TEST(SegmentationLoss, WithWeightsSinglePrecisionIsAsDoubleAndItsGradientThatOfDifferences) {
  const WeightedCase given;
  const auto wanted = WeightedCase::learnt(given.logits, given.labels, given.weights);
  const auto fused = WeightedCase::learnt(given.logits.to(torch::kFloat32), given.labels, given.weights);
  EXPECT_NEAR(fused.first, wanted.first, 1e-6);
  EXPECT_TRUE(fused.second.allclose(wanted.second, 1e-5, 1e-7));
  constexpr double kStep = 1e-5;
  for (std::int64_t i = 0; i < given.logits.numel(); i += 11) {
    const auto moved = [&](double by) {
      auto logits = given.logits.clone();
      logits.view(-1)[i] += by;
      return WeightedCase::learnt(logits, given.labels, given.weights).first;
    };
    EXPECT_NEAR(wanted.second.view(-1)[i].item<double>(), (moved(kStep) - moved(-kStep)) / (2 * kStep), 1e-8);
  }
}

TEST(SegmentationLoss, RefusesWeightsOfAnotherShape) {
  const WeightedCase given;
  EXPECT_THROW(segmentation_loss(given.logits, given.labels, {}, torch::ones({4, 5})), c10::Error);
}

TEST(BatchLoader, WeighsLabelsOnlyWhereTheTrainingTrustsToesLess) {
  test::ToySamples samples(8);
  TrainingOptions options = test::toy_options();
  BatchLoader plain(samples, test::toy_card(), options, true);
  EXPECT_FALSE(plain.load(0, {0, 1}).label_weights.defined());
  options.toe_weight = 0.5;
  BatchLoader weighing(samples, test::toy_card(), options, true);
  const TrainingBatch batch = weighing.load(0, {0, 1});
  EXPECT_EQ(batch.label_weights.sizes(), batch.labels.sizes());
  EXPECT_EQ(batch.label_weights.min().item<float>(), 0.5F);
  EXPECT_TRUE(torch::equal(batch.planes.optical, plain.load(0, {0, 1}).planes.optical));
  BatchLoader validating(samples, test::toy_card(), options, false);
  EXPECT_FALSE(validating.load(0, {0}).label_weights.defined()) << "scores are those of all labels";
}

TEST(Train, WithToesThatSayNothingLearnsSomethingElse) {
  const test::TempFolder folder;
  TrainingOptions options = test::toy_options();
  options.epochs = 1;
  const auto whole = test::trained(folder.file("whole"), options).tensors;
  options.toe_weight = 0;
  const auto less = test::trained(folder.file("less"), options).tensors;
  EXPECT_FALSE(test::same_bits(whole.at("model.head.weight"), less.at("model.head.weight")));
}

TEST(TrainingOptions, RefuseToesOutOfRangeByName) {
  const auto told = [](double weight, int width) -> std::string {
    TrainingOptions options;
    options.toe_weight = weight;
    options.toe_width = width;
    try {
      options.check();
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(told(0, 32), "");
  EXPECT_EQ(told(-0.1, 3), "training.toe_weight must lie in 0 to 1, is -0.100000");
  EXPECT_EQ(told(1.5, 3), "training.toe_weight must lie in 0 to 1, is 1.500000");
  EXPECT_EQ(told(0.5, 0), "training.toe_width must lie in 1 to 32, is 0");
}

}  // namespace
}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include "nn/probe.h"

#include <set>

#include <gmock/gmock.h>

#include "nn/error.h"
#include "tests/support/test_files.h"
#include "tests/support/toy_backbone_file.h"
#include "tests/support/toy_training.h"
#include "tests/support/toy_windows.h"

namespace scarp::nn {
namespace {

LabelledFeatures points(std::initializer_list<std::pair<std::vector<float>, std::int64_t>> rows) {
  LabelledFeatures features;
  for (const auto& [row, label] : rows) features.add(row, label);
  return features;
}

// Cosines to (1, 0): 1, 0.8, 0.8. At temperature 1 the weights are e, e^0.8, e^0.8: two of class 1 win; at
// 0.05 the nearest wins against both.
TEST(NearestNeighbours, VoteByLikeness) {
  const auto known = points({{{2, 0}, 0}, {{4, 3}, 1}, {{4, -3}, 1}});
  const auto asked = points({{{1, 0}, 0}});
  EXPECT_THAT(nearest_neighbour_classes(known, asked, 2, 3, 1), testing::ElementsAre(1));
  EXPECT_THAT(nearest_neighbour_classes(known, asked, 2, 3, 0.05), testing::ElementsAre(0));
  EXPECT_THAT(nearest_neighbour_classes(known, asked, 2, 1, 1), testing::ElementsAre(0));
}

TEST(LinearProbe, SeparatesWhatALineSeparates) {
  const auto known = points({{{0, 1}, 0}, {{1, 2}, 0}, {{5, 1}, 1}, {{6, 2}, 1}});
  const auto asked = points({{{-1, 5}, 0}, {{9, -3}, 0}});
  EXPECT_THAT(linear_probe_classes(known, asked, 2, {}), testing::ElementsAre(0, 1));
  const auto chances = linear_probe_chances(known, asked, 2, {});
  EXPECT_GT(chances[0], 0.9);
  EXPECT_NEAR(chances[0] + chances[1], 1, 1e-6);
}

TEST(LinearProbe, RowsOfLengthOneForgetBrightness) {
  const auto known = points({{{1, 0, 0}, 0}, {{0, 1, 0}, 1}});
  const auto asked = points({{{105, 100, 100}, 0}, {{7, 9, 7}, 0}});
  EXPECT_THAT(linear_probe_classes(known, asked, 2, low_shot_options(1)), testing::ElementsAre(0, 1));
}

TEST(Shots, AreDrawnFromEveryClassWithoutRepetition) {
  const std::vector<std::int64_t> labels = {0, 1, 0, 1, 0, 1, 0, 1};
  const auto drawn = draw_shots(labels, 2, 3, 5);
  EXPECT_EQ(std::set<std::int64_t>(drawn.begin(), drawn.end()).size(), 6U);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(labels[static_cast<std::size_t>(drawn[i])], i < 3 ? 0 : 1);
  EXPECT_EQ(draw_shots(labels, 2, 3, 5), drawn);
  EXPECT_THROW(draw_shots(labels, 2, 5, 5), Error);
}

TEST(Shots, AreOfClassesThatThereAre) {
  EXPECT_THROW(draw_shots({0, 2}, 2, 1, 5), Error);
  EXPECT_THROW(draw_shots({0, -1}, 2, 1, 5), Error);
  EXPECT_THROW(draw_shots({0, 1}, 2, -1, 5), Error);
  EXPECT_THAT(draw_shots({0, 1}, 2, 0, 5), testing::IsEmpty());
}

TEST(LinearProbe, WeighsEveryKnownImageOrNone) {
  const auto known = points({{{0, 1}, 0}, {{1, 2}, 0}, {{5, 1}, 1}, {{6, 2}, 1}});
  const auto asked = points({{{3, 1.5}, 0}});
  const auto chance_of_the_second = [&](const std::vector<float>& weights) {
    return linear_probe_chances(known, asked, 2, {}, weights)[1];
  };
  EXPECT_FLOAT_EQ(chance_of_the_second({2, 2, 2, 2}), chance_of_the_second({}));
  EXPECT_GT(chance_of_the_second({1, 1, 9, 9}), chance_of_the_second({}) + 0.1F);
  for (const std::vector<float>& weights : {std::vector<float>{1}, {1, 1, 1}, {0, 0, 0, 0}, {2, 1, 1, -1}})
    EXPECT_THROW(chance_of_the_second(weights), Error) << weights.size();
}

TEST(Accuracy, RefusesListsOfOtherLengths) {
  EXPECT_DOUBLE_EQ(accuracy({1, 2, 3, 4}, {1, 2, 3, 0}), 0.75);
  EXPECT_THROW(accuracy({1}, {1, 2}), Error);
  EXPECT_THROW(accuracy({}, {}), Error);
}

/// Waves of the toy windows, along or across.
std::vector<std::int64_t> toy_labels(std::int64_t count) {
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < count; ++i) labels.push_back(i % 2);
  return labels;
}

TEST(FineTuning, LearnsWhatItIsShown) {
  const test::TempFolder folder;
  const PretrainOptions options = test::tiny_pretraining(PretrainMethod::mae);
  test::ToyWindows windows(12, true, false);
  pretrain(test::toy_backbone(options, true, false), options, windows, {folder.file("last"), false}, nullptr,
           {});
  export_backbone(folder.file("last"), folder.file("b.safetensors"), test::toy_backbone(options, true, false),
                  false);
  FineTuneOptions tuning;
  tuning.epochs = 60;
  tuning.batch = 12;
  tuning.drop_path = 0;
  tuning.smallest_crop = 1;
  tuning.label_smoothing = 0;
  tuning.layer_decay = 1;
  tuning.learning_rate = 1e-2;
  const auto labels = toy_labels(12);
  const auto found =
      fine_tuned_classes(folder.file("b.safetensors"), windows, labels, windows, 2, tuning, nullptr, {});
  EXPECT_GT(accuracy(found, labels), 0.8);
}

TEST(FineTuning, RefusesWhatItCannotLearnFromSayingWhy) {
  const test::TempFolder folder;
  const std::string path = folder.file("b.safetensors");
  test::write_toy_vit(path, test::toy_vit_card(true, false));
  test::ToyWindows some(4, true, false), none(0, true, false), small(4, true, false, false, 16);
  FineTuneOptions tuning;
  const auto complaint = [&](WindowSource& known, const std::vector<std::int64_t>& labels, int batch) {
    tuning.batch = batch;
    return test::nn_error_of([&] { fine_tuned_classes(path, known, labels, some, 2, tuning, nullptr, {}); });
  };
  EXPECT_EQ(complaint(some, {0, 1, 0, 1}, 0).first, Fault::bad_argument);
  EXPECT_THAT(complaint(none, {}, 2).second, testing::HasSubstr("at least one"));
  EXPECT_THAT(complaint(some, {0, 1}, 2).second, testing::HasSubstr("each of the 4 known windows"));
  EXPECT_THAT(complaint(some, {0, 1, 2, 1}, 2).second, testing::HasSubstr("classes from 0 to 1"));
  EXPECT_THAT(complaint(small, {0, 1, 0, 1}, 2).second, testing::HasSubstr("fewer than the 32"));
}

// What pretraining is compared with may know nothing of it: two backbones of one shape make the same network.
TEST(FineTuning, FromScratchForgetsEveryWeightOfTheBackbone) {
  const test::TempFolder folder;
  const BackboneCard card = test::toy_vit_card(true, false);
  NamedTensors weights = test::write_toy_vit(folder.file("a.safetensors"), card);
  for (auto& [name, tensor] : weights) {
    if (name != "pos_embed") tensor = tensor.detach() + 0.5;
  }
  write_tensors(folder.file("b.safetensors"), {{kBackboneKey, card.to_json()}}, weights);
  test::ToyWindows windows(24, true, false);
  FineTuneOptions tuning;
  tuning.from_scratch = true;
  tuning.epochs = 2;
  const auto classes_of = [&](const char* name) {
    return fine_tuned_classes(folder.file(name), windows, toy_labels(24), windows, 2, tuning, nullptr, {});
  };
  EXPECT_EQ(classes_of("a.safetensors"), classes_of("b.safetensors"));
}

}  // namespace
}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include "nn/model_card.h"

#include <fstream>
#include <limits>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <torch/torch.h>

#include "nn/error.h"
#include "tests/support/golden_tensors.h"
#include "tests/support/test_files.h"
#include "tests/support/toy_training.h"

namespace scarp::nn {
namespace {

using Json = nlohmann::ordered_json;

void expect_same(const ModelCard& a, const ModelCard& b) {
  EXPECT_EQ(a.to_json(), b.to_json());
  EXPECT_EQ(a.network, b.network);
  EXPECT_EQ(a.optical, b.optical);
  EXPECT_EQ(a.terrain, b.terrain);
  EXPECT_EQ(a.optical_window_px, b.optical_window_px);
  EXPECT_EQ(a.classes, b.classes);
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.terrain_unit, b.terrain_unit);
  EXPECT_EQ(a.gsd_max_m, b.gsd_max_m);
  EXPECT_EQ(a.tile_px, b.tile_px);
  EXPECT_EQ(a.temperature, b.temperature);
  EXPECT_EQ(a.calibration, b.calibration);
  EXPECT_EQ(Json::parse(a.training), Json::parse(b.training));
}

TEST(ModelCard, ComesBackFromItsDocumentUnchanged) {
  ModelCard card = test::toy_card();
  card.description = "\"quoted\", <b>bold</b>, 'single' \\ and \u4e2d\u6587";
  card.network = {EncoderShape::resnet50, 0.3, Fusion::early, {4, 32}, 16, 2, 0.25};
  card.terrain_unit = TerrainUnit::pixels;
  card.optical_window_px = 65;
  card.classes[1].name = std::string(200, 'x');
  card.optical[0].mean = 0.1 + 0.2;
  card.temperature = 1.37;
  card.calibration = {0.07, 0.02, 123456789012, 93};
  card.training = R"({"f1": 0.83, "folds": [1, 2]})";
  expect_same(ModelCard::from_json(card.to_json()), card);
}

TEST(ModelCard, OfAnOlderVersionHasTemperatureOneAndNoCalibration) {
  auto document = Json::parse(test::toy_card().to_json());
  EXPECT_FALSE(document.contains("calibration")) << "it was not fitted";
  document.erase("temperature");
  const ModelCard card = ModelCard::from_json(document.dump());
  EXPECT_EQ(card.temperature, 1);
  EXPECT_EQ(card.calibration, CalibrationSummary());
}

// One change to the document of a sound card, and what the refusal must say.
struct CardDamage {
  const char* pointer;
  const char* value;  // JSON; empty: the key is taken away
  const char* told;
};

class DamagedCard : public testing::TestWithParam<CardDamage> {};

TEST_P(DamagedCard, IsRefusedNamingTheKey) {
  auto document = Json::parse(test::toy_card().to_json());
  const Json::json_pointer pointer(GetParam().pointer);
  if (std::string(GetParam().value).empty()) {
    document[pointer.parent_pointer()].erase(pointer.back());
  } else {
    document[pointer] = Json::parse(GetParam().value);
  }
  const auto [fault, text] = test::nn_error_of([&] { ModelCard::from_json(document.dump()); });
  EXPECT_EQ(fault, Fault::unreadable);
  EXPECT_THAT(text, testing::HasSubstr(GetParam().told));
}

const CardDamage kDamages[] = {
    {"/name", "", "name"},
    {"/name", "7", "name"},
    {"/format", "2", "later version"},
    {"/format", "\"1\"", "format"},
    {"/network", "[]", "network"},
    {"/network/encoder", "\"vgg\"", "resnet18, resnet34, resnet50"},
    {"/network/width", "1e9", "width"},
    {"/network/width", "0", "width"},
    {"/network/width", "\"wide\"", "width"},
    {"/network/fusion_strides", "[3]", "fusion_strides"},
    {"/network/fusion_strides", "[2.5]", "fusion_strides"},
    {"/network/fusion_strides", "[99999999999999999999]", "fusion_strides"},
    {"/network/attention_reduction", "0", "attention_reduction"},
    {"/network/attention_reduction", "1.5", "attention_reduction"},
    {"/network/input_stride", "3", "input_stride"},
    {"/network/dropout", "1", "dropout"},
    {"/optical", "{}", "optical"},
    {"/optical/0", "3", "optical"},
    {"/optical/0/deviation", "0", "deviation"},
    {"/optical/0/deviation", "-1", "deviation"},
    {"/optical/0/mean", "null", "mean"},
    {"/terrain/1/name", "[]", "name"},
    {"/terrain_unit", "\"feet\"", "metres, pixels"},
    {"/optical_window_px", "64", "an odd number"},
    {"/optical_window_px", "257", "optical_window_px"},
    {"/classes", "[]", "classes"},
    {"/classes/0/id", "255", "id"},
    {"/classes/0/id", "1", "id"},
    {"/classes/0/colour", "[1,2]", "colour"},
    {"/classes/0/colour", "[1,2,256]", "colour"},
    {"/gsd_m", "5", "gsd_m"},
    {"/gsd_m/max", "0.5", "max"},
    {"/tile_px", "100", "multiple of 32"},
    {"/tile_px", "1000000", "tile_px"},
    {"/overlap_px", "64", "overlap_px"},
    {"/temperature", "0", "temperature"},
    {"/calibration", "[]", "calibration"},
    {"/calibration", "{}", "ece_before"},
    {"/calibration", R"({"ece_before":2,"ece_after":0,"pixels":1,"blocks":1})", "0"},
    {"/calibration", R"({"ece_before":0,"ece_after":0,"pixels":0.5,"blocks":1})", "pixels"},
    {"/training", "\"text\"", "training"}};
INSTANTIATE_TEST_SUITE_P(ModelCard, DamagedCard, testing::ValuesIn(kDamages));

TEST(ModelCard, RefusesNamesThatAreTooLong) {
  auto document = Json::parse(test::toy_card().to_json());
  document["classes"][1]["name"] = std::string(201, 'x');
  EXPECT_THAT(test::nn_error_of([&] { ModelCard::from_json(document.dump()); }).second,
              testing::HasSubstr("200 bytes"));
}

TEST(ModelCard, RefusesWhatIsNoDocument) {
  for (const std::string text : {"", "[]", "null", "{", "{}", "{\"format\":1}", "{\"a\":1,\"a\":2}", "{} x",
                                 "\xEF\xBB\xBF{}", "{\"name\":\"\xff\"}"}) {
    EXPECT_EQ(test::nn_error_of([&] { ModelCard::from_json(text); }).first, Fault::unreadable) << text;
  }
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"a\":";
  EXPECT_THAT(test::nn_error_of([&] { ModelCard::from_json(deep); }).second, testing::HasSubstr("nested"));
}

TEST(ModelCard, CannotBeWrittenWithATextThatIsNotUtf8) {
  ModelCard card = test::toy_card();
  card.classes[1].name = "\xff";
  EXPECT_EQ(test::nn_error_of([&] { card.to_json(); }).first, Fault::bad_argument);
}

TEST(NetworkOptions, RefusesTheFirstFieldOutOfRangeByName) {
  const auto text_of = [](const NetworkOptions& options) -> std::string {
    try {
      options.check();
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(text_of({}), "");
  EXPECT_THAT(text_of({.width = 3}), testing::HasSubstr("width"));
  EXPECT_THAT(text_of({.width = std::numeric_limits<double>::quiet_NaN()}), testing::HasSubstr("width"));
  EXPECT_THAT(text_of({.fusion_strides = {2, 64}}), testing::HasSubstr("64"));
  EXPECT_THAT(text_of({.attention_reduction = 0}), testing::HasSubstr("attention_reduction"));
  EXPECT_THAT(text_of({.input_stride = 4}), testing::HasSubstr("input_stride"));
  EXPECT_THAT(text_of({.dropout = 1}), testing::HasSubstr("dropout"));
}

TEST(ModelFile, IsReadRewrittenAndSummarised) {
  const test::TempFolder folder;
  const std::string path = folder.file("m.safetensors");
  ModelCard card = test::toy_card();
  test::write_random_model(path, card);
  expect_same(read_model_card(path), card);
  const auto weights = test::all_tensors(path);
  card.description = "better";
  rewrite_model_card(path, card);
  EXPECT_EQ(read_model_card(path).description, "better");
  const auto after = test::all_tensors(path);
  ASSERT_EQ(after.size(), weights.size());
  for (const auto& [name, tensor] : weights) EXPECT_TRUE(test::same_bits(after.at(name), tensor)) << name;

  std::int64_t parameters = 0;
  const auto network = make_network(card);
  for (const auto& parameter : network->parameters()) parameters += parameter.numel();
  const WeightsSummary summary = summarise_weights(path);
  EXPECT_EQ(summary.parameters, parameters);
  EXPECT_EQ(summary.dtype, "F32");
  EXPECT_GE(summary.bytes, 4 * parameters);
}

TEST(ModelFile, IsNotRewrittenWithACardThatCouldNotBeRead) {
  const test::TempFolder folder;
  const std::string path = folder.file("m.safetensors");
  ModelCard card = test::toy_card();
  test::write_random_model(path, card);
  card.optical[0].deviation = 0;
  EXPECT_THAT(test::nn_error_of([&] { rewrite_model_card(path, card); }).second,
              testing::HasSubstr("deviation"));
  EXPECT_EQ(read_model_card(path).optical[0].deviation, 50);
}

TEST(ModelFile, OfAnotherProgramIsRefusedSayingSo) {
  const test::TempFolder folder;
  const std::string path = folder.file("other.safetensors");
  write_tensors(path, {{"format", "pt"}}, {{"w", torch::ones({2})}});
  const auto [fault, text] = test::nn_error_of([&] { read_model_card(path); });
  EXPECT_EQ(fault, Fault::unreadable);
  EXPECT_THAT(text, testing::HasSubstr("not a model of Scarp"));
}

TEST(ExportHalf, IsHalfTheSizeAndRefusesToOverwrite) {
  const test::TempFolder folder;
  const std::string from = folder.file("m.safetensors"), to = folder.file("half.safetensors");
  test::write_random_model(from, test::toy_card());
  export_half(from, to, false);
  expect_same(read_model_card(to), test::toy_card());
  EXPECT_EQ(summarise_weights(to).dtype, "F16");
  EXPECT_LT(summarise_weights(to).bytes, 0.6 * static_cast<double>(summarise_weights(from).bytes));
  const auto [fault, text] = test::nn_error_of([&] { export_half(from, to, false); });
  EXPECT_EQ(fault, Fault::already_exists);
  EXPECT_THAT(text, testing::HasSubstr(to));
  EXPECT_NO_THROW(export_half(from, to, true));
}

TEST(ExportHalf, RefusesWeightsThatHalfPrecisionCannotHold) {
  const test::TempFolder folder;
  const std::string from = folder.file("m.safetensors");
  test::write_random_model(from, test::toy_card());
  auto tensors = test::all_tensors(from);
  tensors.at("model.head.weight").mul_(1e6);
  write_tensors(from, {{kCardKey, test::toy_card().to_json()}}, tensors);
  const auto [fault, text] = test::nn_error_of([&] { export_half(from, folder.file("h"), false); });
  EXPECT_EQ(fault, Fault::not_finite);
  EXPECT_THAT(text, testing::HasSubstr("head.weight"));
  EXPECT_EQ(folder.entries(), 1);
}

}  // namespace
}  // namespace scarp::nn

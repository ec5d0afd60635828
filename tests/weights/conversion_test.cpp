// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <fstream>
#include <limits>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "nn/backbone_card.h"
#include "nn/error.h"
#include "nn/io/safetensors.h"
#include "nn/weight_conversion.h"
#include "nn/weights/element_values.h"
#include "nn/weights/patch_projection.h"
#include "nn/weights/positions.h"
#include "nn/weights/state_dict.h"
#include "nn/weights/torch_writer.h"
#include "tests/support/golden_files.h"
#include "tests/support/test_files.h"

namespace scarp::nn {
namespace {

using testing::HasSubstr;

WeightMap all_of(const std::string& path) {
  const WeightFile file(path);
  WeightMap weights;
  for (const WeightTensor& tensor : file.tensors())
    weights.emplace(tensor.name(), WeightArray{tensor.dtype, tensor.shape, file.read(tensor)});
  return weights;
}

ConversionOptions to_layout(WeightLayout layout) {
  ConversionOptions options;
  options.layout = layout;
  return options;
}

WeightArray floats(const std::vector<std::int64_t>& shape, const std::vector<double>& values) {
  return {"F32", shape, elements_of("F32", values)};
}

/// One block of width 4 on a grid of 2 x 2 patches of 1 pixel and 3 channels, as a native file.
WeightMap small_encoder() {
  WeightMap weights;
  double next = 0;
  const auto add = [&](const std::string& name, const std::vector<std::int64_t>& shape) {
    std::int64_t count = 1;
    for (const auto size : shape) count *= size;
    std::vector<double> values;
    for (std::int64_t i = 0; i < count; ++i) values.push_back(next += 0.25);
    weights.emplace(name, floats(shape, values));
  };
  add("cls_token", {1, 1, 4});
  add("pos_embed", {1, 5, 4});
  add("patch_embed.proj.weight", {4, 3, 1, 1});
  add("patch_embed.proj.bias", {4});
  for (const auto& [name, rows, columns] :
       {std::tuple{"attn.qkv", 12, 4}, {"attn.proj", 4, 4}, {"mlp.fc1", 16, 4}, {"mlp.fc2", 4, 16}}) {
    add(std::string("blocks.0.") + name + ".weight", {rows, columns});
    add(std::string("blocks.0.") + name + ".bias", {rows});
  }
  for (const char* name : {"blocks.0.norm1", "blocks.0.norm2", "norm"}) {
    add(std::string(name) + ".weight", {4});
    add(std::string(name) + ".bias", {4});
  }
  return weights;
}

std::string saved(const test::TempFolder& folder,
                  const WeightMap& weights,
                  const std::string& name = "in.pt") {
  const std::string path = folder.file(name);
  write_torch_zip(path, weights);
  return path;
}

std::string refusal_of(const WeightMap& weights, const ConversionOptions& options) {
  const test::TempFolder folder;
  const std::string from = saved(folder, weights);
  try {
    convert_weights(from, folder.file("out.safetensors"), options);
  } catch (const Error& error) {
    EXPECT_EQ(folder.entries(), 1) << "something is left";
    const std::string text = error.what();
    return text.starts_with(from) ? text.substr(from.size()) : text;
  }
  return "converted";
}

TEST(ConvertWeights, TakesEverySpellingOfHuggingFaceToTheSameNativeBits) {
  const test::TempFolder folder;
  const std::string out = folder.file("native.safetensors");
  ConversionOptions options = to_layout(WeightLayout::native);
  options.overwrite = true;
  for (const auto& [from, wanted] : {std::pair{"hf/vitmae_eps6/model", "hf/vitmae_native"},
                                     {"hf/vitmae_eps12/model", "hf/vitmae_native"},
                                     {"hf/vitmae_in_memory_names", "hf/vitmae_native"},
                                     {"hf/vitmsn_eps6/model", "hf/vitmsn_native"},
                                     {"hf/vitmsn_eps12/model", "hf/vitmsn_native"}}) {
    SCOPED_TRACE(from);
    SCARP_GOLDEN(path, std::string(from) + ".safetensors");
    const ConversionReport report = convert_weights(path, out, options);
    EXPECT_TRUE(all_of(out) == all_of(test::golden_file(std::string(wanted) + ".safetensors")));
    EXPECT_THAT(report.unexpected, testing::IsEmpty());
    EXPECT_THAT(report.missing, testing::IsEmpty());
    const bool mask = std::string(from) == "hf/vitmsn_eps6/model";
    EXPECT_THAT(report.dropped, testing::SizeIs(mask ? 1 : 0));
  }
}

TEST(ConvertWeights, WritesTheNamesAndBitsOfTransformers4) {
  SCARP_GOLDEN(mae, "hf/vitmae_native.safetensors");
  const test::TempFolder folder;
  convert_weights(mae, folder.file("mae.safetensors"), to_layout(WeightLayout::hf_vitmae));
  EXPECT_TRUE(all_of(folder.file("mae.safetensors")) ==
              all_of(test::golden_file("hf/vitmae_eps12/model.safetensors")));
  convert_weights(test::golden_file("hf/vitmsn_native.safetensors"), folder.file("msn.pt"),
                  to_layout(WeightLayout::hf_vitmsn));
  EXPECT_TRUE(all_of(folder.file("msn.pt")) ==
              all_of(test::golden_file("hf/vitmsn_eps12/model.safetensors")));
}

TEST(ConvertWeights, LeavesTimmFilesAsTheyAre) {
  const test::TempFolder folder;
  for (const char* name : {"vit_avg10", "vit_token0", "vit_token10"}) {
    SCARP_GOLDEN(path, std::string("timm/") + name + ".safetensors");
    const std::string out = folder.file(std::string(name) + ".pth");
    convert_weights(path, out, to_layout(WeightLayout::timm));
    EXPECT_TRUE(all_of(out) == all_of(path)) << name;
  }
}

TEST(ConvertWeights, ComesBackBitForBitThroughEveryLayoutAndContainer) {
  const test::TempFolder folder;
  const WeightMap native = small_encoder();
  std::string path = saved(folder, native);
  int step = 0;
  for (const WeightLayout layout : {WeightLayout::hf_vitmsn, WeightLayout::timm, WeightLayout::native}) {
    for (const char* ending : {".pt", ".safetensors"}) {
      const std::string out = folder.file(std::to_string(step++) + ending);
      convert_weights(path, out, to_layout(layout));
      path = out;
    }
  }
  EXPECT_TRUE(all_of(path) == native);
}

TEST(ConvertWeights, ChoosesTheStateDictAndPrefixThatTheManifestNames) {
  SCARP_GOLDEN(manifest, "checkpoints/manifest.json");
  int files = 0;
  const auto document = nlohmann::json::parse(std::ifstream(manifest));
  for (const auto& entry : document.at("files")) {
    if (!entry.contains("state_dict_to_choose")) continue;
    const WeightFile file(test::golden_file("checkpoints/" + entry.at("file").get<std::string>()));
    const StateDict chosen = choose_state_dict(file);
    EXPECT_EQ(chosen.key, entry.at("state_dict_to_choose")) << entry.at("file");
    EXPECT_EQ(chosen.prefix, entry.at("strip_prefix")) << entry.at("file");
    ++files;
  }
  EXPECT_GE(files, 17);
}

TEST(ConvertWeights, DropsWhatALayoutHasNoPlaceForAndSaysSo) {
  SCARP_GOLDEN(mae, "hf/vitmae_native.safetensors");
  const test::TempFolder folder;
  const auto report = convert_weights(mae, folder.file("timm.safetensors"), to_layout(WeightLayout::timm));
  EXPECT_THAT(report.dropped, testing::Contains("mask_token"));
  EXPECT_THAT(report.dropped, testing::Contains("decoder_blocks.1.mlp.fc2.bias"));
  EXPECT_EQ(report.loaded.size() + report.dropped.size(), all_of(mae).size());
}

TEST(ConvertWeights, IsStrict) {
  WeightMap weights = small_encoder();
  weights.erase("blocks.0.norm1.bias");
  EXPECT_EQ(refusal_of(weights, {}), ": tensors are missing: blocks.0.norm1.bias");
  weights = small_encoder();
  weights.emplace("blocks.0.ls1.gamma", floats({4}, {1, 1, 1, 1}));
  EXPECT_EQ(refusal_of(weights, {}),
            ": tensors that no layout of a vision transformer has: blocks.0.ls1.gamma");
  weights = small_encoder();
  weights["norm.bias"] = floats({4}, {0, std::numeric_limits<double>::quiet_NaN(), 0, 0});
  EXPECT_EQ(refusal_of(weights, {}), ": NaN or infinity in: norm.bias");
  EXPECT_THAT(refusal_of(small_encoder(), to_layout(WeightLayout::hf_vitmae)),
              HasSubstr("decoder_embed.weight"));
}

TEST(ConvertWeights, TellsInTheReportWhatItDoesNotRefuse) {
  const test::TempFolder folder;
  WeightMap weights = small_encoder();
  weights.erase("norm.bias");
  weights.emplace("extra", floats({1}, {1}));
  ConversionOptions options;
  options.strict = false;
  const auto report = convert_weights(saved(folder, weights), folder.file("out.safetensors"), options);
  EXPECT_THAT(report.missing, testing::ElementsAre("norm.bias"));
  EXPECT_THAT(report.unexpected, testing::ElementsAre("extra"));
  EXPECT_EQ(report.loaded.size(), weights.size() - 1);
}

TEST(ConvertWeights, RefusesOptionsThatContradictTheFile) {
  ConversionOptions options;
  options.rows = 3;
  EXPECT_THAT(refusal_of(small_encoder(), options), HasSubstr("grid: rows and columns"));
  options = {};
  options.dtype = "I8";
  EXPECT_EQ(refusal_of(small_encoder(), options), "dtype: F32 or F16");
  options = {};
  options.state_dict = "model";
  EXPECT_THAT(refusal_of(small_encoder(), options), HasSubstr("no tensors in a dict called \"model\""));
  WeightMap weights = small_encoder();
  weights["pos_embed"] = floats({1, 4, 4}, std::vector<double>(16, 0.5));
  options = {};
  options.rows = options.columns = 3;
  EXPECT_THAT(refusal_of(weights, options), HasSubstr("square grid"));
  weights = small_encoder();
  weights["norm.weight"] = floats({4}, {1, 70000, 1, 1});
  options = {};
  options.dtype = "F16";
  EXPECT_THAT(refusal_of(weights, options), HasSubstr("norm.weight has values beyond the range of F16"));
}

TEST(ConvertWeights, SaysWhoseLicenceItIs) {
  const test::TempFolder folder;
  const std::string out = folder.file("out.safetensors");
  convert_weights(saved(folder, small_encoder(), "mae.pt"), out, {});
  EXPECT_EQ(SafetensorsFile(out).header().metadata.at("licence"),
            "that of the weights in mae.pt: conversion does not change it");
}

TEST(ProjectionFor, MakesOtherChannelsInThreeWays) {
  const WeightArray rgb = floats({1, 3, 1, 1}, {3, 6, 9});
  const auto made = [&](int channels, ChannelInit init) {
    return values_of("F32", projection_for(rgb, channels, init).data);
  };
  EXPECT_THAT(made(5, ChannelInit::zero), testing::ElementsAre(3, 6, 9, 0, 0));
  EXPECT_THAT(made(2, ChannelInit::zero), testing::ElementsAre(3, 6));
  EXPECT_THAT(made(6, ChannelInit::repeat), testing::ElementsAre(1.5, 3, 4.5, 1.5, 3, 4.5));
  EXPECT_THAT(made(6, ChannelInit::mean), testing::ElementsAre(3, 3, 3, 3, 3, 3));
  EXPECT_THAT(made(1, ChannelInit::mean), testing::ElementsAre(18));
}

TEST(Positions, AreResizedAsTheReferenceDoes) {
  SCARP_GOLDEN(path, "positions/resize.safetensors");
  const WeightMap golden = all_of(path);
  int cases = 0;
  for (const auto& [name, table] : golden) {
    if (!name.starts_with("in/")) continue;
    int from = 0, to = 0, width = 0;
    ASSERT_EQ(std::sscanf(name.c_str(), "in/g%d_to_g%d_D%d", &from, &to, &width), 3);
    const WeightArray& wanted = golden.at("out/by_size/" + name.substr(3));
    const auto expected = values_of(wanted.dtype, wanted.data);
    const auto resized = resized_table(values_of(table.dtype, table.data), {from, from}, {to, to}, width);
    ASSERT_EQ(resized.size(), expected.size());
    for (std::size_t i = 0; i < resized.size(); ++i)
      EXPECT_NEAR(resized[i], expected[i], wanted.dtype == "F64" ? 1e-12 : 1e-6);
    ++cases;
  }
  EXPECT_EQ(cases, 6);
}

TEST(Positions, AreTheReferencesSinesAndCosines) {
  SCARP_GOLDEN(path, "positions/sincos.safetensors");
  int cases = 0;
  for (const auto& [name, table] : all_of(path)) {
    int width = 0, side = 0;
    if (std::sscanf(name.c_str(), "out64/D%d_g%d", &width, &side) != 2) continue;
    const auto expected = values_of(table.dtype, table.data);
    const auto made = sine_cosine_table({side, side}, width);
    ASSERT_EQ(made.size(), expected.size());
    for (std::size_t i = 0; i < made.size(); ++i) EXPECT_NEAR(made[i], expected[i], 1e-12);
    ++cases;
  }
  EXPECT_GE(cases, 2);
}

TEST(ConvertWeights, MakesFixedPositionsAnewAndResizesLearnedOnes) {
  const test::TempFolder folder;
  WeightMap weights = small_encoder();
  ConversionOptions options;
  options.rows = 3;
  options.columns = 5;
  const auto learned = convert_weights(saved(folder, weights), folder.file("a.safetensors"), options);
  ASSERT_EQ(learned.resized.size(), 1U);
  EXPECT_EQ(learned.resized[0].how, "bicubic");
  EXPECT_EQ(all_of(folder.file("a.safetensors")).at("pos_embed").shape,
            (std::vector<std::int64_t>{1, 16, 4}));
  weights["pos_embed"] = floats({1, 5, 4}, sine_cosine_table({2, 2}, 4));
  const auto fixed = convert_weights(saved(folder, weights, "b.pt"), folder.file("b.safetensors"), options);
  EXPECT_EQ(fixed.resized[0].how, "sine-cosine table made anew");
  EXPECT_TRUE(all_of(folder.file("b.safetensors")).at("pos_embed") ==
              floats({1, 16, 4}, sine_cosine_table({3, 5}, 4)));
}

/// The small encoder as `scarp pretrain` leaves it in a run's last checkpoint.
std::string saved_backbone(const test::TempFolder& folder, const BackboneCard& card) {
  const std::string path = folder.file("backbone.safetensors");
  const WeightMap weights = small_encoder();
  std::vector<OutgoingTensor> outgoing;
  for (const auto& [name, array] : weights) outgoing.push_back({name, array.dtype, array.shape, array.data});
  write_safetensors(path, {{kBackboneKey, card.to_json()}, {"scarp_pretraining", "{}"}}, outgoing);
  return path;
}

TEST(ConvertWeights, KeepsABackbonesCardOnlyWhereItStaysTrue) {
  const test::TempFolder folder;
  BackboneCard card;
  card.name = "toy";
  card.method = "mae";
  card.width = 4;
  card.depth = card.heads = card.patch = 1;
  card.side_px = 2;
  card.optical = {{"red", "", 1, 2}, {"green", "", 3, 4}, {"blue", "", 5, 6}};
  const std::string from = saved_backbone(folder, card);
  const auto notes_with = [&](int channels, int rows, int columns) {
    ConversionOptions options;
    options.channels = channels;
    options.rows = rows;
    options.columns = columns;
    options.overwrite = true;
    convert_weights(from, folder.file("out.safetensors"), options);
    return WeightFile(folder.file("out.safetensors")).notes();
  };
  const auto same = notes_with(3, 0, 0);
  EXPECT_EQ(BackboneCard::from_json(same.at(kBackboneKey)), card);
  EXPECT_FALSE(same.contains("scarp_pretraining"));
  EXPECT_EQ(BackboneCard::from_json(notes_with(0, 5, 5).at(kBackboneKey)).side_px, 5);
  EXPECT_FALSE(notes_with(0, 3, 5).contains(kBackboneKey));
  EXPECT_FALSE(notes_with(6, 0, 0).contains(kBackboneKey));
}

// Every pattern of 16 bits is a number; its nearest element is itself.
TEST(ElementValues, KeepEveryHalfAndBrainFloat) {
  for (const char* dtype : {"F16", "BF16"}) {
    int kept = 0;
    for (std::uint32_t bits = 0; bits < 1U << 16U; ++bits) {
      const std::array<std::byte, 2> element = {static_cast<std::byte>(bits),
                                                static_cast<std::byte>(bits >> 8U)};
      const auto value = values_of(dtype, element);
      if (std::isnan(value[0])) continue;
      const auto back = elements_of(dtype, value);
      kept += std::equal(back.begin(), back.end(), element.begin()) ? 1 : 0;
    }
    EXPECT_EQ(kept, std::string(dtype) == "F16" ? 65536 - 2 * 1023 : 65536 - 2 * 127) << dtype;
  }
}

TEST(ElementValues, RoundToTheNearestAndOnTiesToEven) {
  const auto half = [](double value) { return values_of("F16", elements_of("F16", std::vector{value}))[0]; };
  EXPECT_EQ(half(2049), 2048);
  EXPECT_EQ(half(2051), 2052);
  EXPECT_EQ(half(2049.001), 2050);
  EXPECT_EQ(half(65519), 65504);
  EXPECT_EQ(half(65520), std::numeric_limits<double>::infinity());
  EXPECT_EQ(half(std::ldexp(1, -25)), 0);
  EXPECT_EQ(half(std::ldexp(1.5, -25)), std::ldexp(1, -24));
  EXPECT_EQ(half(-1023.9999), -1024);
}

}  // namespace
}  // namespace scarp::nn

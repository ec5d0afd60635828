// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/coordinate_attention.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <torch/torch.h>

#include "tests/support/golden_tensors.h"

namespace scarp::nn {
namespace {

using test::largest_difference;

CoordinateAttention golden_attention(const std::string& path, const NamedTensors& golden) {
  const auto config = nlohmann::json::parse(SafetensorsFile(path).header().metadata.at("config"));
  CoordinateAttention attention(CoordinateAttentionOptions{config.at("C"), config.at("reduction")});
  const torch::NoGradGuard no_grad;
  for (auto& item : attention->named_parameters()) item.value().copy_(golden.at("weights/" + item.key()));
  for (auto& item : attention->named_buffers()) item.value().copy_(golden.at("weights/" + item.key()));
  return attention;
}

// In double, so that a gradient which is zero by symmetry (conv1.bias before a norm in training) is zero
// here, too.
void expect_golden(const std::string& path, const std::string& mode) {
  SCOPED_TRACE(path + " " + mode);
  const auto golden = test::all_tensors(path);
  auto attention = golden_attention(path, golden);
  attention->train(mode == "train");
  attention->to(torch::kFloat64);
  auto x = golden.at("in/x").to(torch::kFloat64).requires_grad_();
  const auto y = attention(x);
  EXPECT_LT(largest_difference(y, golden.at("out/" + mode + "/y")), 1e-6);
  y.backward(golden.at("in/grad_out").to(torch::kFloat64));
  const auto expect_gradient = [&](const std::string& name, const at::Tensor& gradient) {
    const auto& wanted = golden.at("grad/" + mode + "/" + name);
    const double scale = std::max(1.0, wanted.abs().max().item<double>());
    EXPECT_LT(largest_difference(gradient, wanted), 1e-6 * scale) << name;
  };
  expect_gradient("x", x.grad());
  for (const auto& item : attention->named_parameters()) expect_gradient(item.key(), item.value().grad());
  for (const auto& item : attention->named_buffers()) {
    EXPECT_LT(largest_difference(item.value(), golden.at("out/" + mode + "/after/" + item.key())), 1e-6)
        << item.key();
  }
}

TEST(CoordinateAttention, EqualsTheReferenceWithItsGradientsAndStatistics) {
  for (const std::string name : {"c16", "c64", "c64_r4"}) {
    SCARP_GOLDEN(path, "coordatt/" + name + ".safetensors");
    expect_golden(path, "train");
    expect_golden(path, "eval");
  }
}

TEST(CoordinateAttention, EqualsTheReferenceInSinglePrecision) {
  SCARP_GOLDEN(path, "coordatt/c64.safetensors");
  const auto golden = test::all_tensors(path);
  auto attention = golden_attention(path, golden);
  attention->eval();
  EXPECT_LT(largest_difference(attention(golden.at("in/x")), golden.at("out/eval/y")), 1e-5);
}

TEST(CoordinateAttention, CommutesWithFlips) {
  torch::manual_seed(3);
  CoordinateAttention attention(CoordinateAttentionOptions{16, 4});
  attention->eval();
  const auto x = torch::randn({2, 16, 5, 7});
  for (const std::int64_t axis : {2, 3}) {
    EXPECT_LT(largest_difference(attention(x.flip({axis})), attention(x).flip({axis})), 1e-6);
  }
}

TEST(CoordinateAttention, FoldedGivesTheSameAnswer) {
  torch::manual_seed(4);
  CoordinateAttention attention(CoordinateAttentionOptions{16, 4});
  attention(torch::randn({4, 16, 6, 6}) * 3 + 1);  // moves the running statistics
  attention->eval();
  const auto x = torch::randn({2, 16, 5, 7});
  const auto before = attention(x);
  attention->fold_norms();
  EXPECT_LT(largest_difference(attention(x), before), 1e-6);
}

TEST(CoordinateAttention, RefusesOtherChannelCounts) {
  CoordinateAttention attention(CoordinateAttentionOptions{16, 4});
  EXPECT_THROW(attention(torch::zeros({1, 8, 4, 4})), c10::Error);
  EXPECT_THROW(attention(torch::zeros({16, 4, 4})), c10::Error);
}

TEST(CoordinateAttention, RefusesOptionsOutOfRangeNamingThem) {
  const auto text_of = [](const CoordinateAttentionOptions& options) -> std::string {
    try {
      options.check();
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(text_of({0, 32}), testing::HasSubstr("channels"));
  EXPECT_THAT(text_of({16, 0}), testing::HasSubstr("reduction"));
  EXPECT_EQ(text_of({16, 32}), "");
}

}  // namespace
}  // namespace scarp::nn

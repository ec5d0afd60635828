// SPDX-License-Identifier: Apache-2.0
#include "nn/training/adamw.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <torch/torch.h>

#include "nn/error.h"
#include "tests/support/golden_tensors.h"
#include "tests/support/toy_training.h"

namespace scarp::nn {
namespace {

using test::largest_difference;

TEST(AdamW, EqualsTheReferenceStepByStep) {
  SCARP_GOLDEN(path, "optim/adamw.safetensors");
  const auto golden = test::all_tensors(path);
  const auto config = nlohmann::json::parse(SafetensorsFile(path).header().metadata.at("config"));
  for (std::size_t run = 0; run < config.at("runs").size(); ++run) {
    const auto& settings = config.at("runs")[run];
    std::vector<std::pair<std::string, at::Tensor>> parameters;
    for (const std::string name : {"0", "1", "2"})
      parameters.emplace_back(name, golden.at("in/p" + name).clone().requires_grad_());
    AdamW optimiser(parameters, {settings.at("betas")[0], settings.at("betas")[1], settings.at("eps"),
                                 settings.at("weight_decay")});
    for (int step = 0; step < config.at("steps"); ++step) {
      for (auto& [name, parameter] : parameters)
        parameter.mutable_grad() = golden.at("in/g" + name)[step].clone();
      optimiser.step(settings.at("lr"));
      for (const auto& [name, parameter] : parameters) {
        const auto key = "out/run" + std::to_string(run) + "/p" + name;
        EXPECT_LT(largest_difference(parameter, golden.at(key)[step]), 5e-6) << key << " step " << step;
      }
    }
    NamedTensors state;
    optimiser.save(state);
    for (const std::string name : {"0", "1", "2"}) {
      const auto prefix = "out/run" + std::to_string(run) + "/";
      EXPECT_LT(largest_difference(state.at("adam.m." + name), golden.at(prefix + "m" + name)), 5e-6);
      EXPECT_LT(largest_difference(state.at("adam.v." + name), golden.at(prefix + "v" + name)), 5e-6);
    }
  }
}

TEST(AdamW, TakesGradientsInAnotherMemoryLayout) {
  torch::manual_seed(1);
  const auto start = torch::randn({3, 4, 5, 6});
  const auto gradient = torch::randn({3, 4, 5, 6});
  const auto stepped = [&](bool channels_last) {
    auto parameter = start.clone();
    if (channels_last) parameter = parameter.contiguous(at::MemoryFormat::ChannelsLast);
    parameter.requires_grad_();
    AdamW optimiser({{"p", parameter}}, {});
    parameter.mutable_grad() = gradient.clone();
    optimiser.step(0.1);
    return parameter.detach();
  };
  EXPECT_TRUE(test::same_bits(stepped(true), stepped(false)));
}

TEST(AdamW, ClipsTheJointNormAndLeavesSmallGradientsAlone) {
  auto a = torch::zeros({2}).requires_grad_();
  auto b = torch::zeros({2, 2}).requires_grad_();
  AdamW optimiser({{"a", a}, {"b", b}}, {});
  a.mutable_grad() = torch::tensor({3.0F, 0.0F});
  b.mutable_grad() = torch::tensor({{0.0F, 4.0F}, {0.0F, 0.0F}});
  optimiser.clip_gradients(10);
  EXPECT_EQ(a.grad()[0].item<float>(), 3);
  optimiser.clip_gradients(1);  // the norm is 5
  EXPECT_NEAR(a.grad()[0].item<float>(), 0.6, 1e-6);
  EXPECT_NEAR(b.grad()[0][1].item<float>(), 0.8, 1e-6);
}

TEST(AdamW, LeavesParametersWithoutGradientAlone) {
  auto a = torch::ones({2, 2}).requires_grad_();
  AdamW optimiser({{"a", a}}, {.weight_decay = 0.5});
  optimiser.step(0.1);
  EXPECT_TRUE(test::same_bits(a.detach(), torch::ones({2, 2})));
}

TEST(AdamW, RefusesAStateOfAnotherNetwork) {
  auto a = torch::ones({2, 2}).requires_grad_();
  AdamW optimiser({{"a", a}}, {});
  NamedTensors state;
  optimiser.save(state);
  state["adam.m.a"] = torch::zeros({3});
  const auto [fault, text] = test::nn_error_of([&] { optimiser.load(state); });
  EXPECT_EQ(fault, Fault::mismatch);
  EXPECT_THAT(text, testing::HasSubstr("adam.m.a"));
  state.erase("adam.m.a");
  EXPECT_THAT(test::nn_error_of([&] { optimiser.load(state); }).second,
              testing::HasSubstr("holds no optimiser state"));
}

}  // namespace
}  // namespace scarp::nn

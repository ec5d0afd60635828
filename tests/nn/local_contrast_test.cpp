// SPDX-License-Identifier: Apache-2.0
#include "nn/segmentation/local_contrast.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "nn/error.h"
#include "nn/torch/input_planes.h"
#include "tests/support/golden_tensors.h"
#include "tests/support/toy_training.h"

namespace scarp::nn {
namespace {

at::Tensor noise(at::IntArrayRef shape, std::uint64_t seed) {
  return torch::randn(shape, at::make_generator<at::CPUGeneratorImpl>(seed));
}

TEST(LocalContrast, IsTheDistanceFromTheWindowsMeanInItsDeviations) {
  const auto row = torch::tensor({1.0F, 1.0F, 4.0F, 4.0F, 4.0F}).view({1, 1, 1, 5});
  const auto contrast = local_contrast(row, torch::ones_like(row, torch::kBool), 3);
  const double floor = kEvenGround * kEvenGround;  // windows: 1 1 | 1 1 4 | 1 4 4 | 4 4 4 | 4 4
  const auto expected =
      torch::tensor({0.0, -1 / std::sqrt(2 + floor), 1 / std::sqrt(2 + floor), 0.0, 0.0}, torch::kFloat32);
  EXPECT_TRUE(contrast.flatten().allclose(expected, 1e-5, 1e-6)) << contrast;
}

TEST(LocalContrast, ProcessorAndDeviceAgree) {
  for (const int window : {3, 9, 65}) {
    const auto planes = noise({2, 3, 40, 33}, 1) + torch::arange(33) * 0.1;
    const auto valid = noise({2, 1, 40, 33}, 2) > -1;
    const auto known = torch::where(valid, planes, torch::zeros_like(planes));
    const auto fast = local_contrast(known, valid, window);
    const auto plain = local_contrast(known.to(torch::kFloat64), valid, window);  // the path of other devices
    EXPECT_TRUE(fast.to(torch::kFloat64).allclose(plain, 1e-4, 1e-5)) << window;
  }
}

TEST(LocalContrast, BrightnessAndContrastOfAMosaicsStripAreGone) {
  const auto planes = noise({1, 1, 64, 64}, 3);
  const auto valid = torch::ones_like(planes, torch::kBool);
  const auto once = local_contrast(planes, valid, 17);
  EXPECT_TRUE(local_contrast(planes * 4 + 2.5, valid, 17).allclose(once, 0.01, 0.01));
  EXPECT_LT(local_contrast(torch::full_like(planes, 3.25), valid, 17).abs().max().item<double>(), 1e-4);
}

TEST(LocalContrast, IsWhatAModelOfLocalContrastSees) {
  ModelCard card = test::toy_card();
  card.optical_window_px = 9;
  const auto optical = noise({2, 1, 32, 32}, 5) * 50 + 100, terrain = torch::zeros({2, 3, 32, 32});
  const auto valid = noise({2, 1, 32, 32}, 6) > -1;
  const auto planes = InputNormaliser(card, at::kCPU)(optical, terrain, valid, valid).optical;
  const auto normal = torch::where(valid, (optical - 100) / 50, torch::zeros_like(optical));
  EXPECT_TRUE(planes.narrow(1, 0, 1).allclose(local_contrast(normal, valid, 9), 1e-4, 1e-5));
  EXPECT_TRUE(torch::equal(planes.narrow(1, 1, 1) > 0, valid));
}

TEST(LocalContrast, AnEvenWindowIsRefused) {
  const auto planes = torch::zeros({1, 1, 8, 8});
  EXPECT_THROW(local_contrast(planes, planes > 0, 4), c10::Error);
}

}  // namespace
}  // namespace scarp::nn

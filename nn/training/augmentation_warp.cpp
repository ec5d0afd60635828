// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <torch/torch.h>

#include "nn/training/augmentation.h"

namespace scarp::nn {
namespace {

// Where each pixel of the warped window lies in the window before, in -1..1 (rows grow to the south, so a
// counter-clockwise turn of the picture turns the places clockwise). [1, H, W, 2]
at::Tensor places(std::int64_t rows, std::int64_t cols, const Warp& warp) {
  const double cosine = std::cos(warp.angle) / warp.scale, sine = std::sin(warp.angle) / warp.scale;
  const auto ratio = static_cast<double>(rows) / static_cast<double>(cols);
  const auto matrix = torch::tensor({cosine, -sine * ratio, 0.0, sine / ratio, cosine, 0.0}, torch::kFloat32);
  return torch::affine_grid_generator(matrix.view({1, 2, 3}), {1, 1, rows, cols}, /*align_corners=*/false);
}

enum Interpolation : std::int64_t { kBilinear = 0, kNearest = 1 };  // as at::grid_sampler_2d numbers them
constexpr std::int64_t kZeroOutside = 0;

at::Tensor sampled(const at::Tensor& planes, const at::Tensor& at, Interpolation interpolation) {
  return torch::grid_sampler_2d(planes.unsqueeze(0), at, interpolation, kZeroOutside, false).squeeze(0);
}

}  // namespace

void warp_pixels(at::Tensor& planes, at::Tensor& valid, const Warp& warp) {
  if (warp.is_identity()) return;
  const auto at = places(planes.size(1), planes.size(2), warp);
  const auto weight = sampled(valid.to(torch::kFloat32), at, kBilinear);
  const auto kept = torch::where(valid > 0, planes, torch::zeros_like(planes));  // NaN included
  const auto mean = sampled(kept, at, kBilinear) / weight.clamp_min(1e-6);
  const auto is_valid = weight >= 0.5;
  planes = torch::where(is_valid, mean, torch::zeros_like(mean));
  valid = is_valid.to(valid.scalar_type());
}

at::Tensor warp_labels(const at::Tensor& labels, const Warp& warp, std::int64_t outside) {
  if (warp.is_identity()) return labels;
  const auto at = places(labels.size(0), labels.size(1), warp);
  // from 1, so that the 0 of outside is none of them
  const auto found = sampled(labels.to(torch::kFloat32).add(1).unsqueeze(0), at, kNearest).squeeze(0);
  return torch::where(found > 0, found - 1, torch::full_like(found, static_cast<double>(outside)))
      .to(labels.scalar_type());
}

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/resampling.h"

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>

namespace scarp::nn {
namespace {

at::Tensor double_axis(const at::Tensor& x, std::int64_t axis) {
  const auto size = x.size(axis);
  const auto held = at::cat({x.narrow(axis, 0, 1), x, x.narrow(axis, size - 1, 1)}, axis);
  const auto near = x * 0.75;
  const auto before = near + held.narrow(axis, 0, size) * 0.25;
  const auto after = near + held.narrow(axis, 2, size) * 0.25;
  return at::stack({before, after}, axis + 1).flatten(axis, axis + 1);
}

// LibTorch's pooling of row-major planes takes one pixel at a time: a fifth of a forward pass.
at::Tensor mean_of_rows(const at::Tensor& x) {
  const std::int64_t rows = x.size(2) / 2, cols = x.size(3) / 2;
  auto half = at::empty({x.size(0), x.size(1), rows, cols}, x.options());
  const float* in = x.const_data_ptr<float>();
  float* out = half.mutable_data_ptr<float>();
  for (std::int64_t row = 0; row < x.size(0) * x.size(1) * rows; ++row, in += 4 * cols, out += cols) {
    const float* below = in + 2 * cols;
    for (std::int64_t c = 0; c < cols; ++c)
      out[c] = 0.25F * ((in[2 * c] + in[2 * c + 1]) + (below[2 * c] + below[2 * c + 1]));
  }
  return half;
}

}  // namespace

at::Tensor mean_of_2x2(const at::Tensor& x) {
  TORCH_CHECK(x.dim() == 4 && x.size(2) % 2 == 0 && x.size(3) % 2 == 0,
              "mean_of_2x2: expected [B, C, H, W] with even H and W, got ", x.sizes());
  const bool plain = x.is_cpu() && x.scalar_type() == at::kFloat && x.is_contiguous() && !x.requires_grad();
  return plain ? mean_of_rows(x) : at::avg_pool2d(x, 2);
}

at::Tensor upsample_bilinear_2x(const at::Tensor& x) {
  TORCH_CHECK(x.dim() == 4, "upsample_bilinear_2x: expected [B, C, H, W], got ", x.sizes());
  return double_axis(double_axis(x, 2), 3);
}

}  // namespace scarp::nn

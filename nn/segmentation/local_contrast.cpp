// SPDX-License-Identifier: Apache-2.0
#include "nn/segmentation/local_contrast.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <torch/torch.h>

namespace scarp::nn {
namespace {

/// Number, sum and sum of squares of valid values.
struct Moments {
  double count = 0, sum = 0, squares = 0;
};

/// One channel on the processor: sums of columns that slide down, and a window over them that slides along.
class SlidingWindow {
 public:
  SlidingWindow(const float* values, const bool* valid, std::int64_t height, std::int64_t width, int window)
      : values_(values),
        valid_(valid),
        height_(height),
        width_(width),
        half_(window / 2),
        columns_(static_cast<std::size_t>(width)) {
    for (std::int64_t row = 0; row < std::min(half_, height); ++row) add_row(row, 1);
  }

  /// @param row  one after the other, from 0
  void write_row(std::int64_t row, float* out) {
    if (row + half_ < height_) add_row(row + half_, 1);
    if (row - half_ - 1 >= 0) add_row(row - half_ - 1, -1);
    Moments inside;
    for (std::int64_t col = 0; col < std::min(half_, width_); ++col) add(inside, col, 1);
    const float* from = values_ + row * width_;
    const bool* known = valid_ + row * width_;
    for (std::int64_t col = 0; col < width_; ++col) {
      if (col + half_ < width_) add(inside, col + half_, 1);
      if (col - half_ - 1 >= 0) add(inside, col - half_ - 1, -1);
      out[col] = known[col] ? contrast(from[col], inside) : 0;
    }
  }

 private:
  void add_row(std::int64_t row, double sign) {
    const float* from = values_ + row * width_;
    const bool* known = valid_ + row * width_;
    for (std::int64_t col = 0; col < width_; ++col) {
      const double value = from[col], one = known[col] ? sign : 0;
      Moments& column = columns_[static_cast<std::size_t>(col)];
      column.count += one;
      column.sum += one * value;
      column.squares += one * value * value;
    }
  }
  void add(Moments& inside, std::int64_t col, double sign) const {
    const Moments& column = columns_[static_cast<std::size_t>(col)];
    inside.count += sign * column.count;
    inside.sum += sign * column.sum;
    inside.squares += sign * column.squares;
  }
  static float contrast(float value, const Moments& inside) {
    const double mean = inside.sum / inside.count;
    const double variance = std::max(0.0, inside.squares / inside.count - mean * mean);
    return static_cast<float>((value - mean) / std::sqrt(variance + kEvenGround * kEvenGround));
  }

  const float* values_;
  const bool* valid_;
  std::int64_t height_, width_, half_;
  std::vector<Moments> columns_;
};

at::Tensor on_processor(const at::Tensor& planes, const at::Tensor& valid, int window) {
  const auto from = planes.contiguous(), mask = valid.expand({planes.size(0), 1, -1, -1}).contiguous();
  auto result = torch::empty_like(from);
  const std::int64_t channels = from.size(1), height = from.size(2), width = from.size(3),
                     pixels = height * width;
  for (std::int64_t plane = 0; plane < from.size(0) * channels; ++plane) {
    SlidingWindow sliding(from.const_data_ptr<float>() + plane * pixels,
                          mask.const_data_ptr<bool>() + plane / channels * pixels, height, width, window);
    float* out = result.mutable_data_ptr<float>() + plane * pixels;
    for (std::int64_t row = 0; row < height; ++row) sliding.write_row(row, out + row * width);
  }
  return result;
}

at::Tensor window_mean(const at::Tensor& x, int window) {
  const auto along = torch::avg_pool2d(x, {1, window}, {1, 1}, {0, window / 2});
  return torch::avg_pool2d(along, {window, 1}, {1, 1}, {window / 2, 0});
}

at::Tensor on_device(const at::Tensor& planes, const at::Tensor& valid, int window) {
  const auto one = valid.to(planes.scalar_type());
  const auto share = window_mean(one, window).clamp_min(1e-6);
  const auto mean = window_mean(planes * one, window) / share;
  const auto variance = (window_mean(planes * planes * one, window) / share - mean * mean).clamp_min(0);
  return (planes - mean) / (variance + kEvenGround * kEvenGround).sqrt() * one;
}

}  // namespace

at::Tensor local_contrast(const at::Tensor& planes, const at::Tensor& valid, int window) {
  TORCH_CHECK(planes.dim() == 4 && valid.dim() == 4 && valid.size(1) == 1 && window >= 3 && window % 2 == 1,
              "local_contrast: expected planes [B, C, H, W], valid [B, 1, H, W] and an odd window, got ",
              planes.sizes(), ", ", valid.sizes(), " and ", window);
  if (planes.is_cpu() && planes.scalar_type() == torch::kFloat32) return on_processor(planes, valid, window);
  return on_device(planes, valid, window);
}

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/folding.h"

#include <vector>

#include <torch/torch.h>

namespace scarp::nn {
namespace {

// Of a transposed convolution the second axis of the weights is the outgoing one.
template <typename Convolution>
void fold_statistics(Convolution& convolution, torch::nn::BatchNorm2dImpl& norm, std::size_t out_axis) {
  const torch::NoGradGuard no_grad;
  const auto in_double = [](const at::Tensor& x) { return x.to(torch::kFloat64); };
  const auto scale = in_double(norm.weight) / (in_double(norm.running_var) + norm.options.eps()).sqrt();
  auto shift = in_double(norm.bias) - in_double(norm.running_mean) * scale;
  if (convolution.bias.defined()) shift = shift + in_double(convolution.bias) * scale;
  std::vector<std::int64_t> along_out(4, 1);
  along_out[out_axis] = -1;
  convolution.weight = (in_double(convolution.weight) * scale.view(along_out)).to(torch::kFloat32);
  convolution.bias = shift.to(torch::kFloat32);
}

}  // namespace

torch::Tensor normed(torch::nn::BatchNorm2d& norm, const torch::Tensor& x) {
  return norm.is_empty() ? x : norm->forward(x);
}

void fold(torch::nn::Conv2d& convolution, torch::nn::BatchNorm2d& norm) {
  if (norm.is_empty()) return;
  fold_statistics(*convolution, *norm, 0);
  norm = nullptr;
}

void fold(torch::nn::Sequential& row) {
  if (row.is_empty()) return;
  torch::nn::Sequential folded;
  for (std::size_t i = 0; i < row->size(); ++i) {
    const auto module = row->ptr(i);
    auto* norm = module->as<torch::nn::BatchNorm2d>();
    if (norm == nullptr) {
      folded->push_back(*(row->begin() + static_cast<std::ptrdiff_t>(i)));
      continue;
    }
    const auto before = row->ptr(i - 1);
    if (auto* plain = before->as<torch::nn::Conv2d>()) fold_statistics(*plain, *norm, 0);
    if (auto* transposed = before->as<torch::nn::ConvTranspose2d>()) fold_statistics(*transposed, *norm, 1);
  }
  row = folded;
}

}  // namespace scarp::nn

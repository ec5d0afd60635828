// SPDX-License-Identifier: Apache-2.0
#include "nn/training/scores.h"

#include <torch/torch.h>

namespace scarp::nn {

Scores::Scores(std::int64_t classes, at::Device device)
    : counts_(torch::zeros({classes, 3}, torch::TensorOptions().dtype(torch::kInt64).device(device))) {}

void Scores::add(const at::Tensor& logits, const at::Tensor& labels) {
  const torch::NoGradGuard no_grad;
  const auto known = labels != kIgnoreLabel;
  const auto guess = logits.argmax(1);  // [B, H, W]
  std::vector<at::Tensor> rows;
  for (std::int64_t c = 0; c < counts_.size(0); ++c) {
    const auto said = (guess == c).logical_and(known);
    const auto is = labels == c;
    const auto hits = said.logical_and(is).sum();
    rows.push_back(torch::stack({hits, said.sum() - hits, is.sum() - hits}));
  }
  counts_ += torch::stack(rows);
}

std::vector<ClassCounts> Scores::counts() const {
  const auto table = counts_.to(torch::kCPU);
  std::vector<ClassCounts> counts;
  for (std::int64_t c = 0; c < table.size(0); ++c) {
    const auto* row = table.const_data_ptr<std::int64_t>() + 3 * c;
    counts.push_back({row[0], row[1], row[2]});
  }
  return counts;
}

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/positions.h"

#include <string>

#include <torch/torch.h>

#include "nn/error.h"

namespace scarp::nn {

namespace {

// [n] places -> [n, width]: sines, then cosines
at::Tensor waves(const at::Tensor& places, std::int64_t width) {
  const auto exponent = torch::arange(width / 2, torch::kFloat64) / (static_cast<double>(width) / 2);
  const auto phase = torch::outer(places, torch::pow(10000.0, -exponent));
  return torch::cat({phase.sin(), phase.cos()}, 1);
}

}  // namespace

at::Tensor sincos_positions(std::int64_t width, PatchGrid grid, double ground_ratio) {
  if (width < 4 || width % 4 != 0 || grid.rows < 1 || grid.cols < 1 || !(ground_ratio > 0)) {
    throw Error(Fault::bad_argument,
                "sine-cosine positions need a width that is a multiple of 4, a grid and a "
                "positive ratio of ground sampling distances; got width " +
                    std::to_string(width) + ", grid " + std::to_string(grid.rows) + " x " +
                    std::to_string(grid.cols) + ", ratio " + std::to_string(ground_ratio));
  }
  const std::int64_t half = width / 2;
  const auto x = waves(torch::arange(grid.cols, torch::kFloat64) * ground_ratio, half);
  const auto y = waves(torch::arange(grid.rows, torch::kFloat64) * ground_ratio, half);
  const auto cells = torch::cat({x.unsqueeze(0).expand({grid.rows, grid.cols, half}),
                                 y.unsqueeze(1).expand({grid.rows, grid.cols, half})},
                                2);
  return torch::cat({torch::zeros({1, width}, torch::kFloat64), cells.reshape({grid.patches(), width})});
}

at::Tensor resized_positions(const at::Tensor& table, PatchGrid from, PatchGrid to) {
  TORCH_CHECK(table.dim() == 3 && table.size(0) == 1 && table.size(1) == 1 + from.patches(),
              "position table: expected [1, ", 1 + from.patches(), ", D], got ", table.sizes());
  if (from == to) return table;
  const std::int64_t width = table.size(2);
  const auto map =
      table.narrow(1, 1, from.patches()).reshape({1, from.rows, from.cols, width}).permute({0, 3, 1, 2});
  const auto resized = at::upsample_bicubic2d(map, {to.rows, to.cols}, /*align_corners=*/false);
  return torch::cat({table.narrow(1, 0, 1), resized.permute({0, 2, 3, 1}).reshape({1, to.patches(), width})},
                    1);
}

}  // namespace scarp::nn

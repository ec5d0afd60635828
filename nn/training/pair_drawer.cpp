// SPDX-License-Identifier: Apache-2.0
#include "nn/training/pair_drawer.h"

#include <utility>

#include <torch/torch.h>

namespace scarp::nn {
namespace {

constexpr int kLandslideClass = 1;  // as in validation: the first class that is not background

template <typename T>
std::span<const T> span_of(const at::Tensor& tensor) {
  return {tensor.const_data_ptr<T>(), static_cast<std::size_t>(tensor.numel())};
}

}  // namespace

PairDrawer::PairDrawer(const ModelCard& card, const ContrastOptions& options, int side)
    : options_(options), side_(side), up_slope_(card) {}

void PairDrawer::add(const at::Tensor& labels,
                     const at::Tensor& terrain,
                     const at::Tensor& terrain_valid,
                     std::mt19937_64& random) {
  HyperPixelOptions grid;
  grid.stride = options_.stride;
  grid.band = options_.band;
  const auto across = static_cast<std::size_t>(side_ / options_.stride);
  std::vector<CellKind> kinds(across * across);
  const auto outline = labels.contiguous();
  const auto planes = up_slope_.of(terrain, terrain_valid);
  const UpSlope up = planes ? planes->view() : UpSlope{};
  classify_cells(side_, span_of<std::uint8_t>(outline), kLandslideClass, planes ? &up : nullptr, grid, kinds);
  const PairCounts counts{options_.draws, options_.draws};
  std::vector<std::int64_t> cells(static_cast<std::size_t>(counts.rows()));
  std::vector<std::uint8_t> valid(cells.size());
  draw_pairs(kinds, options_.anchors, counts, random, cells, valid);
  std::vector<std::int64_t> categories(cells.size(), -1);
  for (std::size_t row = 0; row < cells.size(); ++row) {
    if (valid[row] != 0) categories[row] = pair_category(counts, static_cast<int>(row));
  }
  cells_.push_back(torch::tensor(cells));
  labels_.push_back(torch::tensor(categories));
}

PairRows PairDrawer::take() {
  return {torch::stack(std::exchange(cells_, {})), torch::stack(std::exchange(labels_, {}))};
}

}  // namespace scarp::nn

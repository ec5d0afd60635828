// SPDX-License-Identifier: Apache-2.0
#include "nn/training/toe_weights.h"

#include <vector>

#include <torch/torch.h>

#include "nn/error.h"
#include "nn/segmentation/outline_zones.h"

namespace scarp::nn {
namespace {

constexpr int kSlideClass = 1;  // as in validation: the first class that is not background
constexpr int kToeCell = 4;     // pixels: finer than the cells of contrast, which need features of their own

}  // namespace

ToeWeights::ToeWeights(const ModelCard& card, const TrainingOptions& options, int side)
    : up_slope_(card), weight_(options.toe_weight), width_(options.toe_width), side_(side) {
  if (!on() || up_slope_.there()) return;
  throw Error(
      Fault::bad_argument,
      "training.toe_weight is " + std::to_string(weight_) +
          ", but the terrain has no channels gradient_east and gradient_north, by which toes are told "
          "from walls: add them to terrain, or leave toe_weight at 1");
}

at::Tensor ToeWeights::of(const at::Tensor& labels,
                          const at::Tensor& terrain,
                          const at::Tensor& terrain_valid) const {
  const auto planes = up_slope_.of(terrain, terrain_valid);
  const UpSlope up = planes->view();
  const auto outline = labels.contiguous();
  const std::span<const std::uint8_t> classes{outline.const_data_ptr<std::uint8_t>(),
                                              static_cast<std::size_t>(outline.numel())};
  HyperPixelOptions grid;
  grid.stride = kToeCell;
  const auto across = static_cast<std::size_t>(side_ / kToeCell);
  std::vector<CellKind> cells(across * across);
  classify_cells(side_, classes, kSlideClass, &up, grid, cells);
  const OutlineZones zones = outline_zones(side_, classes, kSlideClass, cells, kToeCell, width_);
  auto weights = torch::ones({side_, side_});
  float* weight = weights.mutable_data_ptr<float>();
  for (std::size_t i = 0; i < zones.toes.size(); ++i) {
    if (zones.toes[i] != 0) weight[i] = static_cast<float>(weight_);
  }
  return weights;
}

}  // namespace scarp::nn

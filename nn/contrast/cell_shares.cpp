// SPDX-License-Identifier: Apache-2.0
#include "nn/contrast/cell_shares.h"

namespace scarp::nn {
namespace {

constexpr std::uint8_t kUnlabelled = 255;

struct Counts {
  int labelled = 0, landslide = 0;
};

}  // namespace

CellShares::CellShares(int side,
                       std::span<const std::uint8_t> labels,
                       int landslide_class,
                       const HyperPixelOptions& options)
    : across_(side / options.stride),
      landslide_share_(options.landslide_share),
      background_share_(options.background_share),
      shares_(static_cast<std::size_t>(across_) * static_cast<std::size_t>(across_)) {
  const auto stride = static_cast<std::size_t>(options.stride), width = static_cast<std::size_t>(side);
  const auto across = static_cast<std::size_t>(across_);
  const double least = options.labelled_share * static_cast<double>(stride * stride);
  std::vector<Counts> counts(across);
  for (std::size_t row = 0; row < across; ++row) {
    counts.assign(across, {});
    for (std::size_t y = row * stride; y < (row + 1) * stride; ++y) {
      for (std::size_t col = 0; col < across; ++col) {
        for (const std::uint8_t label : labels.subspan(y * width + col * stride, stride)) {
          counts[col].labelled += label != kUnlabelled;
          counts[col].landslide += label == landslide_class;
        }
      }
    }
    for (std::size_t col = 0; col < across; ++col) {
      const Counts& count = counts[col];
      shares_[row * across + col] =
          count.labelled >= least ? static_cast<double>(count.landslide) / count.labelled : -1;
    }
  }
}

}  // namespace scarp::nn

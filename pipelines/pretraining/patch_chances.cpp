// SPDX-License-Identifier: Apache-2.0
#include "pipelines/pretraining/patch_chances.h"

#include <algorithm>
#include <cmath>

#include "geo/statistics.h"
#include "nn/learner.h"

namespace scarp::pipelines {
namespace {

/// A patch and its weight for a pixel along one axis; the two nearest middles.
struct Between {
  std::int64_t low, high;
  float weight;  ///< of `high`
};

Between between(std::int64_t pixel, const PatchLattice& lattice) {
  const double at = (static_cast<double>(pixel) + 0.5) / static_cast<double>(lattice.patch) - 0.5;
  const double below = std::floor(at);
  const auto low = static_cast<std::int64_t>(below);
  return {std::max<std::int64_t>(low, 0), std::min(low + 1, lattice.across - 1),
          static_cast<float>(at - below)};
}

}  // namespace

std::vector<float> class_shares(std::span<const std::uint8_t> labels, const PatchLattice& lattice) {
  const auto side = lattice.side();
  std::vector<float> shares(static_cast<std::size_t>(lattice.across * lattice.across) * lattice.classes, 0);
  const float pixel = 1.0F / static_cast<float>(lattice.patch * lattice.patch);
  for (std::int64_t row = 0; row < side; ++row) {
    for (std::int64_t col = 0; col < side; ++col) {
      const std::uint8_t label = labels[static_cast<std::size_t>(row * side + col)];
      if (label == nn::kIgnoreLabel) continue;
      const std::int64_t patch = row / lattice.patch * lattice.across + col / lattice.patch;
      shares[static_cast<std::size_t>(patch) * lattice.classes + label] += pixel;
    }
  }
  return shares;
}

std::vector<std::uint8_t> classes_between_patches(std::span<const float> chances,
                                                  std::span<const std::uint8_t> whole,
                                                  const PatchLattice& lattice) {
  const std::int64_t side = lattice.side();
  std::vector<std::uint8_t> classes(static_cast<std::size_t>(side * side), 0);
  std::vector<float> sums(lattice.classes);
  for (std::int64_t row = 0; row < side; ++row) {
    const Between rows = between(row, lattice);
    for (std::int64_t col = 0; col < side; ++col) {
      const Between cols = between(col, lattice);
      std::fill(sums.begin(), sums.end(), 0.0F);
      const auto add = [&](std::int64_t r, std::int64_t c, float weight) {
        const auto patch = static_cast<std::size_t>(r * lattice.across + c);
        if (whole[patch] == 0) return;
        for (std::size_t k = 0; k < sums.size(); ++k) sums[k] += weight * chances[patch * sums.size() + k];
      };
      add(rows.low, cols.low, (1 - rows.weight) * (1 - cols.weight));
      add(rows.low, cols.high, (1 - rows.weight) * cols.weight);
      add(rows.high, cols.low, rows.weight * (1 - cols.weight));
      add(rows.high, cols.high, rows.weight * cols.weight);
      classes[static_cast<std::size_t>(row * side + col)] =
          static_cast<std::uint8_t>(std::max_element(sums.begin(), sums.end()) - sums.begin());
    }
  }
  return classes;
}

namespace {

std::vector<std::size_t> pixels_of(std::int64_t patch, const PatchLattice& lattice) {
  std::vector<std::size_t> pixels;
  for (std::int64_t i = 0; i < lattice.patch * lattice.patch; ++i) {
    const std::int64_t row = patch / lattice.across * lattice.patch + i / lattice.patch;
    const std::int64_t col = patch % lattice.across * lattice.patch + i % lattice.patch;
    pixels.push_back(static_cast<std::size_t>(row * lattice.side() + col));
  }
  return pixels;
}

bool all_valid(const nn::BackboneWindow& window, const std::vector<std::size_t>& pixels) {
  return std::all_of(pixels.begin(), pixels.end(), [&](std::size_t pixel) {
    return (window.optical.empty() || window.valid[pixel] != 0) &&
           (window.terrain.empty() || window.terrain_valid[pixel] != 0);
  });
}

// Mean and deviation of each of the planes over some pixels.
void add_statistics(std::span<const float> planes,
                    std::size_t plane,
                    const std::vector<std::size_t>& pixels,
                    std::vector<float>& values) {
  std::vector<float> picked(pixels.size());
  const std::vector<std::uint8_t> valid(pixels.size(), 1);
  for (std::size_t first = 0; first < planes.size(); first += plane) {
    std::transform(pixels.begin(), pixels.end(), picked.begin(),
                   [&](std::size_t pixel) { return planes[first + pixel]; });
    geo::RunningStatistics statistics;
    statistics.add(picked, valid);
    values.push_back(static_cast<float>(statistics.mean()));
    values.push_back(static_cast<float>(statistics.deviation()));
  }
}

}  // namespace

WindowPatches patch_statistics(const nn::BackboneWindow& window, const PatchLattice& lattice) {
  const auto plane = static_cast<std::size_t>(lattice.side() * lattice.side());
  const std::size_t width = 2 * (window.optical.size() + window.terrain.size()) / plane;
  WindowPatches made;
  for (std::int64_t patch = 0; patch < lattice.across * lattice.across; ++patch) {
    const auto pixels = pixels_of(patch, lattice);
    made.whole.push_back(all_valid(window, pixels) ? 1 : 0);
    if (made.whole.back() != 0) {
      add_statistics(window.optical, plane, pixels, made.values);
      add_statistics(window.terrain, plane, pixels, made.values);
    }
    made.values.resize(made.whole.size() * width, 0.0F);
  }
  return made;
}

}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "nn/backbone.h"

namespace scarp::pipelines {

/// How patches lie in a square window.
struct PatchLattice {
  std::int64_t across = 1;  ///< patches along a side
  std::int64_t patch = 1;   ///< side of a patch, pixels
  std::size_t classes = 2;
  std::int64_t side() const { return across * patch; }
};

/// Features of the patches of one window.
struct WindowPatches {
  std::vector<float> values;        ///< [patches, width]
  std::vector<std::uint8_t> whole;  ///< [patches]: every pixel holds data
};

/// Share of each class in each patch. [patches, classes]; pixels without a label belong to none
/// @param labels  [side, side]: class index, or nn::kIgnoreLabel
std::vector<float> class_shares(std::span<const std::uint8_t> labels, const PatchLattice& lattice);

/// The most probable class of every pixel, chances interpolated between the middles of whole patches
/// (bilinear); 0 where no whole patch is near.
/// @param chances  [patches, classes]  @return [side, side]
std::vector<std::uint8_t> classes_between_patches(std::span<const float> chances,
                                                  std::span<const std::uint8_t> whole,
                                                  const PatchLattice& lattice);

/// Mean and deviation of every channel in each patch, optical channels first: features without a network.
WindowPatches patch_statistics(const nn::BackboneWindow& window, const PatchLattice& lattice);

}  // namespace scarp::pipelines

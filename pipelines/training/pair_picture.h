// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "datasets/scene.h"
#include "geo/picture_gdal.h"
#include "geo/window.h"
#include "nn/sample_pairs.h"
#include "pipelines/pages/map_picture.h"

namespace scarp::pipelines {

constexpr std::size_t kCellKinds = 7;  ///< of nn::CellKind

/// How kinds of cells are named and coloured in pictures; unused and interior cells have no colour.
struct CellStyle {
  const char* name;
  const char* colour_name;  ///< "" where the ground is left as it is
  Colour colour;
};
const std::array<CellStyle, kCellKinds>& cell_styles();

struct PairPictureOptions {
  datasets::ScenePaths scene;  ///< dem may be ""
  geo::Window window;          ///< of the image; empty: all of it; cut to whole cells
  nn::HyperPixelOptions cells;
  nn::AnchorMode anchors = nn::AnchorMode::walls;
  nn::PairCounts draws;     ///< in each window of a training
  int training_side = 256;  ///< pixels of such a window, about: brought to a multiple of the stride
  std::uint64_t seed = 1;
};

struct PairPicture {
  geo::Picture picture;
  std::array<std::int64_t, kCellKinds> cells{};  ///< how many there are of each kind
  std::int64_t anchors = 0;
  std::int64_t negatives = 0;
};

/// What the contrastive part of a training chooses from a scene, for a person to check: cells coloured by
/// kind over the relief (over the image without a DEM), outlines of the labels in white, anchors as white
/// dots and negatives as black ones, drawn as by one training window after another. Labels of every class but
/// background count as landslides.
/// @throws Error (usage) for a window that is larger than 4096 pixels a side or outside the image,
/// (contradiction) if no landslide is labelled there; datasets::Error, geo::Error, nn::Error
PairPicture picture_pairs(const PairPictureOptions& options);

}  // namespace scarp::pipelines

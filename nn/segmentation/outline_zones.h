// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "nn/hyper_pixels.h"

namespace scarp::nn {

/// Which pixels of a square window lie along the outline of landslides.
struct OutlineZones {
  std::vector<std::uint8_t> outline;  ///< [side, side] 1: near an outline, on either side of it
  std::vector<std::uint8_t> walls;    ///< 1: near a part of it that runs through a back or side wall cell
  std::vector<std::uint8_t> toes;     ///< 1: near a part of it that is a toe, and not in `walls`
  bool empty = true;                  ///< there is no outline
};

/// An outline runs between a landslide pixel and a labelled one beside it that is none. It is a toe where the
/// landslide pixel's cell is; where that cell belongs to no inner band, too little of it being landslide,
/// where more of the cells around it are toe than back or side wall.
/// @param labels     [side, side] class index, or 255 where nothing is known
/// @param cells      [side / stride, side / stride], as classify_cells gives them
/// @param tolerance  pixels on either side, 1 or more
OutlineZones outline_zones(int side,
                           std::span<const std::uint8_t> labels,
                           int landslide_class,
                           std::span<const CellKind> cells,
                           int stride,
                           int tolerance);

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace scarp::nn {

/// What a hyper-pixel stands for: one cell of a feature map of stride s, a block of s x s pixels.
enum class CellKind : std::uint8_t {
  unused,      ///< too little of the block is labelled, or it holds some landslide and too little of it
  background,  ///< away from landslides
  outer_band,  ///< background along the outline of a landslide
  interior,    ///< of a landslide, away from its outline
  toe,         ///< along the outline of the lower half: the margin of the deposit
  side_wall,   ///< along the outline of the upper half, beside it; the whole inner band where up is not known
  back_wall,   ///< along the outline, at the landslide's upper end: the head scarp
};

struct HyperPixelOptions {
  int stride = 8;                  ///< pixels, 1 or more
  double landslide_share = 0.5;    ///< of the block's labelled pixels, at least: a landslide cell
  double background_share = 0.05;  ///< at most: a background cell; in between the cell is unused
  double labelled_share = 0.5;     ///< of the block's pixels: with fewer labelled ones the cell is unused
  int band = 1;                    ///< cells, 1 or more: how deep the bands on both sides of the outline are
  void check() const;              ///< @throws Error (bad_argument)
};

/// The ground's gradient: it points up the slope, rise a metre. Planes of side x side, row 0 in the north.
/// What an invalid or not finite pixel holds does not matter.
struct UpSlope {
  std::span<const float> east;
  std::span<const float> north;
  std::span<const std::uint8_t> valid;
};

/// Tells what each cell of a square window is. HPCL-style (reconstruction): the abstract of arXiv 2308.01251
/// says that pairs come from the back wall and the side walls of landslides; how they are found is ours.
///
/// Cells are landslide, background or unused by the share of landslide among their labelled pixels. The inner
/// band is the landslide cells within `band` cells of a labelled one that is no landslide cell, the outer
/// band the background cells within `band` of a labelled one that is no background cell: beyond the window
/// and where nothing is labelled there is no outline. Each landslide (cells connected by their sides) has a
/// direction up: the mean of its pixels' unit gradients. An inner-band cell whose outward normal lies within
/// 45 degrees of up is back wall, within 45 degrees of down toe; the others are side wall in the upper half
/// of what is seen of the landslide and toe in the lower half, where ground piles up and no wall is left.
/// Without a direction (no elevation, flat or contradicting ground) or a normal (landslides of a single cell)
/// all are side wall.
///
/// Quarter turns of the window, gradients turned with it, turn the cells.
/// @param side             pixels, a multiple of the stride
/// @param labels           [side, side] class index, or 255 where nothing is known
/// @param landslide_class  0..254; every other class is background
/// @param up_slope         null: no elevation
/// @param cells            [side / stride, side / stride]
/// @throws Error (bad_argument) if sizes or options do not fit
void classify_cells(int side,
                    std::span<const std::uint8_t> labels,
                    int landslide_class,
                    const UpSlope* up_slope,
                    const HyperPixelOptions& options,
                    std::span<CellKind> cells);

}  // namespace scarp::nn

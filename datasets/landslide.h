// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "datasets/height_field.h"
#include "datasets/random.h"
#include "datasets/ring.h"

namespace scarp::datasets {

/// A rotational or translational slide as a form: lengths and heights in pixels.
struct Landslide {
  PixelRing axis;            ///< polyline from crown to toe, down the slope
  PixelRing outline;         ///< from the crown down the right side, round the toe and up the left side
  std::vector<float> along;  ///< one a point of the outline: 0 at the crown, 1 at the toe
  float length = 0;
  float half_width = 0;    ///< where the side walls begin
  float scarp_height = 0;  ///< of the head scarp
  float wall_width = 0;    ///< of the head scarp and side walls, horizontally
  float age = 0;           ///< 0 fresh, 1 long healed: walls wear down, hummocks smooth out
  bool hidden = false;     ///< cannot be told by colour
  float tone = 0;  ///< not hidden: -1 moister and greener .. 1 barer and brighter than the surroundings
  std::uint64_t seed = 0;  ///< of hummocks
};

/// The polyline of `length` pixels from (row, col) down the slope of `relief`, bending no tighter than
/// `least_radius`; empty if it leaves the field, meets flat ground or would climb.
PixelRing trace_down(const HeightField& relief, geo::PixelPoint start, double length, double least_radius);

/// The form around an axis: arcuate crown, side walls that diverge a little, bulging toe, irregular outline.
Landslide shape_landslide(PixelRing axis, double length, double width, double age, Random& random);

/// Changes the heights inside the outline, and nowhere else: head scarp with a hollow below, side walls that
/// fade downslope, hummocky deposit, toe. `smooth` is the same ground smoothed by a few pixels: a slide wipes
/// out rills.
void carve(const Landslide& slide, const HeightField& smooth, HeightField& heights);

/// The band between the outline and the foot of the wall for the part of the outline from index `first` to
/// `last` (past the end of the outline means on from its start).
PixelRing wall_band(const Landslide& slide, int first, int last);

}  // namespace scarp::datasets

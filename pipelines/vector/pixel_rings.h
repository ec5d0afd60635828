// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "geo/window.h"

namespace scarp::vector {

/// A corner of pixels: (0, 0) is the outer corner of the grid's first pixel.
struct PixelCorner {
  std::int64_t row = 0;
  std::int64_t col = 0;
  auto operator<=>(const PixelCorner&) const = default;
};

/// Corners along pixel edges, each once: the last one joins the first.
using PixelRing = std::vector<PixelCorner>;

/// The border of a 4-connected object: exact, in one form only. No ring meets itself; no corner lies on a
/// straight edge; each ring starts at its first corner in row-major order. With rows downwards, the outer
/// ring runs counterclockwise as seen on the raster, holes run clockwise and are sorted by their first
/// corners.
struct PixelOutline {
  PixelRing outer;
  std::vector<PixelRing> holes;
};

/// Brings the rings of one object, however they were traced, into the form above. Rings that touch themselves
/// at a corner (two pixels of the object meet there diagonally) are split into an outer ring and holes.
PixelOutline normal_outline(std::vector<PixelRing> rings);

/// Pixels enclosed by a ring (shoelace formula, exact); negative if it runs clockwise on the raster.
std::int64_t signed_pixels(const PixelRing& ring);
/// Pixels of the outer ring less those of the holes.
std::int64_t pixel_count(const PixelOutline& outline);
geo::Window bounding_window(const PixelRing& ring);

}  // namespace scarp::vector

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "geo/features.h"
#include "geo/grid.h"
#include "geo/picture_gdal.h"
#include "geo/raster_source.h"

namespace scarp::pipelines {

using Colour = std::array<std::uint8_t, 3>;

/// Rows and columns of a picture of a window whose longer side is at most `max_side`: the window's own size
/// if it is smaller.
/// @throws Error (usage) for an empty window or max_side < 1
std::pair<int, int> picture_size(const geo::Window& window, int max_side);

/// An optical raster as one sees it: the first three of `bands` as red, green and blue, or one band as grey;
/// each stretched from the 2nd to the 98th percentile of its valid pixels. Pixels without data are a light
/// checker. Larger windows are averaged down.
/// @param bands  0-based; empty: the first three, or the first if there are fewer than three
/// @param window may reach beyond the grid: no data there
/// @throws Error (usage) for an empty window, geo::Error (wrong_bands, unreadable)
geo::Picture render_optical(geo::RasterSource& source,
                            const geo::Window& window,
                            int max_side,
                            std::vector<int> bands = {});

/// Grey relief from the first band of an elevation raster, light from the north-west; large scenes are
/// averaged before, so that the relief is that of the ground that a picture's pixel covers. Steepness is
/// exaggerated where the ground is gentle.
geo::Picture render_hillshade(geo::RasterSource& dem, const geo::Window& window, int max_side);

/// Draws polygons' borders on a picture of `window` of `grid`. The layer must be in the grid's CRS.
/// @param thickness  in pixels of the picture, >= 1
void draw_outlines(geo::Picture& picture,
                   const geo::FeatureLayer& layer,
                   const geo::Grid& grid,
                   const geo::Window& window,
                   Colour colour,
                   double thickness);

struct ClassColour {
  int class_id = 0;
  Colour colour = {0, 0, 0};
};

/// Lays class colours over a picture. Classes that are not listed leave the picture as it is.
/// @param classes  [rows, cols] of the ground that the picture shows, any size: the nearest one is taken
/// @param opacity  0..1
/// @throws Error (usage) if classes.size() != rows * cols
void draw_classes(geo::Picture& picture,
                  std::span<const std::uint8_t> classes,
                  std::int64_t rows,
                  std::int64_t cols,
                  std::span<const ClassColour> colours,
                  double opacity);

/// Pictures in a row from left to right with a white gap, aligned at the top.
geo::Picture side_by_side(std::span<const geo::Picture> pictures, int gap);

/// The same picture with each pixel as a square, so that its longer side is at least `min_side` and at most
/// twice that.
geo::Picture enlarged(const geo::Picture& picture, int min_side);

/// The picture brought to another size, nearest pixel.
geo::Picture resized(const geo::Picture& picture, int rows, int cols);

}  // namespace scarp::pipelines

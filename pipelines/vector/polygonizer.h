// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "geo/features.h"
#include "geo/grid.h"
#include "pipelines/vector/object_batch.h"
#include "pipelines/vector/pixel_sums.h"

namespace scarp::vector {

/// Finished rows of a scene, from top to bottom, [rows, cols] each.
struct ClassRows {
  std::int64_t rows = 0;
  std::span<const std::uint8_t> classes;  ///< class ids; 255 nodata
  std::span<const PixelRow> pixels = {};  ///< what else is known, a row each; empty: nothing
};

/// One connected object of one class.
struct ClassPolygon {
  geo::Polygon
      polygon;  ///< map coordinates, valid (OGC), holes kept; outer ring counterclockwise, holes clockwise
  geo::Window window;  ///< its pixels' bounding window in the scene's grid
  int class_id = 0;
  std::int64_t pixels = 0;
  std::int64_t first_col = 0;            ///< column of its first pixel, which lies in row window.row
  std::vector<geo::PixelPoint> corners;  ///< of its outer ring, in pixels of the scene's grid
  PixelSums
      sums;  ///< over its pixels; at_edge: one of them has a neighbour (of 4) in the area that is nodata
};

/// A ring of a traced object on the map, closed; counterclockwise if it is an outer one, whichever way the
/// raster's rows run. @param offset  pixels of the grid before those of the traced raster
geo::Ring map_ring(std::span<const Corner> corners, const geo::Grid& grid, const geo::Window& offset);

/// Masks to polygons: rows of classes come in, finished polygons go out while rows are still coming: in the
/// order of their last rows, those of one last row in the order of their first pixels, row by row. Pixels
/// that touch at a corner only are two objects (4-connected). Background (class 0) and nodata become no
/// polygon. Memory grows with the width of the area and with what is open, never with its height.
class Polygonizer {
 public:
  using Sink = std::function<void(ClassPolygon&&)>;
  virtual ~Polygonizer() = default;
  /// @throws Error (bad_argument) if the rows are not as wide as the area or there are more than it has,
  /// (too_complex) if the open objects need more memory than they may have
  virtual void push(const ClassRows& rows) = 0;
  /// After the last row: hands out what is still open.
  /// @throws Error (bad_argument) if rows are missing
  virtual void finish() = 0;
};

/// @param grid  the whole scene's grid: windows and map coordinates are its own, so that an object has the
/// same ones, bit for bit, whatever area was asked for
/// @param area  the window of the grid whose rows are pushed, [rows, area.cols], exactly area.rows in all
/// @throws Error (bad_argument) if the area is empty or not inside the grid
std::unique_ptr<Polygonizer> make_polygonizer(const geo::Grid& grid,
                                              const geo::Window& area,
                                              Polygonizer::Sink sink);

}  // namespace scarp::vector

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "geo/features.h"
#include "geo/grid.h"

namespace scarp::vector {

/// Finished rows of a scene, from top to bottom, [rows, cols] each.
struct ClassRows {
  std::int64_t rows = 0;
  std::span<const std::uint8_t> classes;  ///< class ids; 255 nodata
};

/// One connected object of one class.
struct ClassPolygon {
  geo::Polygon
      polygon;  ///< map coordinates, valid (OGC), holes kept; outer ring counterclockwise, holes clockwise
  geo::Window window;  ///< its pixels' bounding window in the scene's grid
  int class_id = 0;
  std::int64_t pixels = 0;
  std::int64_t first_col = 0;  ///< column of its first pixel, which lies in row window.row
};

/// Masks to polygons: rows of classes come in, finished polygons go out, in the order of their first pixel,
/// row by row. Pixels that touch at a corner only are two objects (4-connected). Background (class 0) and
/// nodata become no polygon.
class Polygonizer {
 public:
  using Sink = std::function<void(ClassPolygon&&)>;
  virtual ~Polygonizer() = default;
  /// @throws Error (bad_argument) if the rows are not as wide as the area or there are more than it has
  virtual void push(const ClassRows& rows) = 0;
  /// After the last row: hands out what is still open.
  /// @throws Error (bad_argument) if rows are missing, (invalid) if a polygon is not valid
  virtual void finish() = 0;
};

/// GDAL's polygonizer on the whole mask, which it keeps in memory (2 bytes a pixel).
/// @param grid  the whole scene's grid: windows and map coordinates are its own, so that an object has the
/// same ones, bit
///              for bit, whatever area was asked for
/// @param area  the window of the grid whose rows are pushed, [rows, area.cols], exactly area.rows in all
/// @throws Error (bad_argument) if the area is empty or not inside the grid, (out_of_space) if memory runs
/// out
std::unique_ptr<Polygonizer> make_gdal_polygonizer(const geo::Grid& grid,
                                                   const geo::Window& area,
                                                   Polygonizer::Sink sink);

}  // namespace scarp::vector

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <ogr_geometry.h>

#include "pipelines/vector/polygonizer.h"
#include "tests/support/ascii_raster.h"

// What the polygonizer makes of drawn and of random rasters, as text.

namespace scarp::vector {

using test::AsciiRaster;

inline std::string ring_text(const geo::Ring& ring) {
  std::ostringstream text;
  const char* comma = "(";
  for (const geo::MapPoint& point : ring) {
    text << comma << point.x << ' ' << point.y;
    comma = ", ";
  }
  return text.str() + ")";
}

inline std::string wkt(const geo::Polygon& polygon) {
  std::string text = "POLYGON (" + ring_text(polygon.outer);
  for (const geo::Ring& hole : polygon.holes) text += ", " + ring_text(hole);
  return text + ")";
}

inline std::vector<ClassPolygon> polygonize(const AsciiRaster& raster,
                                            const geo::Grid& grid,
                                            const geo::Window& area,
                                            std::int64_t rows_a_time = 1) {
  std::vector<ClassPolygon> objects;
  const auto polygonizer =
      make_polygonizer(grid, area, [&](ClassPolygon&& object) { objects.push_back(std::move(object)); });
  const std::span<const std::uint8_t> pixels(raster.pixels);
  for (std::int64_t row = 0; row < raster.rows; row += rows_a_time) {
    const std::int64_t rows = std::min(rows_a_time, raster.rows - row);
    polygonizer->push({rows, pixels.subspan(static_cast<std::size_t>(row * raster.cols),
                                            static_cast<std::size_t>(rows * raster.cols))});
  }
  polygonizer->finish();
  return objects;
}

/// In pixels, y upwards: corner (row, col) is (col, -row).
inline std::vector<ClassPolygon> polygonize(const AsciiRaster& raster) {
  return polygonize(raster, test::plain_grid(raster.rows, raster.cols), raster.window());
}

inline std::vector<std::string> wkts(const std::vector<ClassPolygon>& objects) {
  std::vector<std::string> texts;
  for (const ClassPolygon& object : objects) texts.push_back(wkt(object.polygon));
  return texts;
}

inline bool ogc_valid(const geo::Polygon& polygon) {
  OGRGeometry* geometry = nullptr;
  if (OGRGeometryFactory::createFromWkt(wkt(polygon).c_str(), nullptr, &geometry) != OGRERR_NONE)
    return false;
  const bool valid = geometry->IsValid() != FALSE;
  OGRGeometryFactory::destroyGeometry(geometry);
  return valid;
}

inline AsciiRaster random_raster(std::mt19937& random,
                                 std::int64_t rows,
                                 std::int64_t cols,
                                 int classes,
                                 double background) {
  AsciiRaster raster{rows, cols, {}};
  std::uniform_real_distribution<double> share(0, 1);
  std::uniform_int_distribution<int> id(1, classes);
  for (std::int64_t i = 0; i < rows * cols; ++i) {
    const bool empty = share(random) < background;
    raster.pixels.push_back(static_cast<std::uint8_t>(empty ? (share(random) < 0.1 ? 255 : 0) : id(random)));
  }
  return raster;
}

}  // namespace scarp::vector

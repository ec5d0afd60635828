// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "geo/raster_writer_gdal.h"
#include "tests/support/memory_scene.h"

namespace scarp::test {

/// Writes a three-band image (uint8, nodata 0 where asked) whose bands are all value(row, col).
template <typename Value>
void write_image(const std::string& path,
                 const geo::Grid& grid,
                 Value value,
                 std::vector<std::string> bands = {"red", "green", "blue"}) {
  geo::RasterWriterOptions options;
  options.band_names = std::move(bands);
  options.nodata = 0;
  options.driver = "GTiff";
  geo::RasterWriter writer(path, grid, options);
  std::vector<std::uint8_t> pixels;
  for (std::size_t band = 0; band < options.band_names.size(); ++band) {
    for (std::int64_t row = 0; row < grid.rows; ++row) {
      for (std::int64_t col = 0; col < grid.cols; ++col)
        pixels.push_back(static_cast<std::uint8_t>(value(row, col)));
    }
  }
  writer.write_rows<std::uint8_t>(pixels, grid.rows);
  writer.finish();
}

/// Writes one band of float32 elevations.
inline void write_elevation(const std::string& path, const geo::MemoryRaster& dem) {
  geo::RasterWriterOptions options;
  options.type = geo::PixelType::f32;
  options.band_names = {"elevation"};
  options.driver = "GTiff";
  geo::RasterWriter writer(path, dem.grid, options);
  writer.write_rows<float>(dem.values, dem.grid.rows);
  writer.finish();
}

/// Writes the hills of memory_scene.h as a DEM on its own grid.
inline void write_hills(const std::string& path, const geo::Grid& grid) {
  write_elevation(path, hilly_dem(grid));
}

}  // namespace scarp::test

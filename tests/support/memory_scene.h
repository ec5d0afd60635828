// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "geo/error.h"
#include "geo/raster_source_memory.h"

namespace scarp::test {

/// A north-up grid in UTM zone 32 whose first pixel's corner is (x, y).
inline geo::Grid utm_grid(std::int64_t rows,
                          std::int64_t cols,
                          double pixel_m,
                          double x = 500000,
                          double y = 5200000) {
  geo::Grid grid;
  grid.rows = rows;
  grid.cols = cols;
  grid.geotransform = {x, pixel_m, 0, y, 0, -pixel_m};
  grid.crs = geo::Crs::from_user_input("EPSG:32632");
  return grid;
}

/// Rolling hills of a few hundred metres, a sum of waves; the same for every call with the same place.
inline float hills(double x_m, double y_m) {
  return static_cast<float>(800 + 120 * std::sin(x_m / 310) * std::cos(y_m / 270) +
                            40 * std::sin(x_m / 71 + y_m / 53) + 3 * std::cos(x_m / 13 - y_m / 11));
}

/// One band over a grid: value(row, col).
template <typename Value>
geo::MemoryRaster one_band(const geo::Grid& grid, Value value, geo::PixelType type = geo::PixelType::f32) {
  geo::MemoryRaster raster;
  raster.grid = grid;
  raster.bands = {{type, "", std::nullopt}};
  for (std::int64_t row = 0; row < grid.rows; ++row) {
    for (std::int64_t col = 0; col < grid.cols; ++col)
      raster.values.push_back(static_cast<float>(value(row, col)));
  }
  return raster;
}

/// Hills over a grid, elevation by map coordinates.
inline geo::MemoryRaster hilly_dem(const geo::Grid& grid) {
  return one_band(grid, [&](std::int64_t row, std::int64_t col) {
    const geo::MapPoint point =
        grid.map_from_pixel({static_cast<double>(row) + 0.5, static_cast<double>(col) + 0.5});
    return hills(point.x - 500000, point.y - 5200000);
  });
}

/// Runs `code`, expects a geo::Error with this fault whose text holds `part`.
template <typename Code>
void expect_fault(geo::Fault fault, const std::string& part, Code code) {
  try {
    code();
    ADD_FAILURE() << "no error was thrown; one with \"" << part << "\" was expected";
  } catch (const geo::Error& error) {
    EXPECT_EQ(static_cast<int>(error.fault()), static_cast<int>(fault)) << error.what();
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

}  // namespace scarp::test

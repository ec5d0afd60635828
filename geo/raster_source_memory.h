// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "geo/raster_source.h"

namespace scarp::geo {

/// A raster in memory: for tests and synthetic scenes.
struct MemoryRaster {
  Grid grid;
  std::vector<BandInfo> bands;
  std::vector<float> values;        ///< [bands, rows, cols]
  std::vector<std::uint8_t> valid;  ///< [rows, cols]; empty: all valid but for declared nodata and NaN
  std::string name = "memory";
};

std::unique_ptr<RasterSource> make_memory_source(MemoryRaster raster);

}  // namespace scarp::geo

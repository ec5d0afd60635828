// SPDX-License-Identifier: Apache-2.0
#include "geo/raster_checks.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "geo/error.h"

namespace scarp::geo {
namespace {

/// The declared value as a pixel shows it after conversion to float; NaN if no pixel can hold it.
float as_pixel(double nodata) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  return static_cast<float>(std::clamp(nodata, -kLargest, kLargest));
}

bool is_integer(PixelType type) {
  return type != PixelType::f32 && type != PixelType::f64;
}

}  // namespace

void check_read(const RasterSource& source,
                const Window& window,
                std::span<const int> bands,
                std::size_t values,
                std::size_t valid) {
  const Grid& grid = source.grid();
  if (window.empty() || !grid.window().contains(window)) {
    throw Error(Fault::bad_argument,
                "rows " + std::to_string(window.row) + ".." + std::to_string(window.row_end()) +
                    ", columns " + std::to_string(window.col) + ".." + std::to_string(window.col_end()) +
                    " are not inside " + source.name() + " (" + std::to_string(grid.rows) + " rows, " +
                    std::to_string(grid.cols) + " columns)");
  }
  const int count = static_cast<int>(source.bands().size());
  for (const int band : bands) {
    if (band >= 0 && band < count) continue;
    throw Error(Fault::wrong_bands, source.name() + " has " + std::to_string(count) + " bands; band " +
                                        std::to_string(band + 1) + " was asked for");
  }
  const auto pixels = static_cast<std::size_t>(window.pixels());
  if (values != pixels * bands.size() || valid != pixels) {
    throw Error(Fault::bad_argument, "the buffers for " + std::to_string(bands.size()) + " bands of " +
                                         std::to_string(pixels) + " pixels hold " + std::to_string(values) +
                                         " values and " + std::to_string(valid) + " validity flags");
  }
}

void mark_nodata(const BandInfo& band, std::span<const float> values, std::span<std::uint8_t> valid) {
  const std::size_t count = values.size();
  const float* value = values.data();
  std::uint8_t* flag = valid.data();
  constexpr float kLargest = std::numeric_limits<float>::max();
  const bool declared = band.nodata && !std::isnan(*band.nodata);
  if (!declared && is_integer(band.type)) return;
  // No pixel that is a number is NaN: then only what is not finite goes.
  const float nodata = declared ? as_pixel(*band.nodata) : std::numeric_limits<float>::quiet_NaN();
  for (std::size_t i = 0; i < count; ++i) {
    const int data = static_cast<int>(value[i] != nodata) & static_cast<int>(std::abs(value[i]) <= kLargest);
    flag[i] = static_cast<std::uint8_t>(flag[i] & data);
  }
}

}  // namespace scarp::geo

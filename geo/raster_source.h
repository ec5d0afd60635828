// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "geo/grid.h"

namespace scarp::geo {

enum class PixelType : std::uint8_t { u8, i8, u16, i16, u32, i32, f32, f64 };
std::string to_string(PixelType type);

struct BandInfo {
  PixelType type = PixelType::u8;
  std::string description;       ///< band name in the file; may be empty
  std::optional<double> nodata;  ///< declared nodata value
};

/// Something that has a grid and bands of pixels: a file, or memory in tests.
/// An alpha band is not counted among the bands: it says what is valid.
class RasterSource {
 public:
  virtual ~RasterSource() = default;
  virtual const Grid& grid() const = 0;
  virtual const std::vector<BandInfo>& bands() const = 0;
  virtual const std::string& name() const = 0;  ///< for messages: the path as the user gave it

  /// Reads some bands of a window that lies inside the grid.
  /// @param bands   0-based, any order
  /// @param values  [bands.size(), rows, cols] as the file has them (no scale or offset applied)
  /// @param valid   [rows, cols]: 1 where every one of these bands holds data: inside the mask, alpha not 0,
  /// not nodata, finite
  /// @throws Error (unreadable) if a block cannot be decoded; (bad_argument) if the window is outside
  virtual void read(const Window& window,
                    std::span<const int> bands,
                    std::span<float> values,
                    std::span<std::uint8_t> valid) = 0;

  /// The same raster for another thread: one source must not be read by two at once.
  virtual std::unique_ptr<RasterSource> reopen() const = 0;
};

}  // namespace scarp::geo

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "geo/raster_source.h"

namespace scarp::geo {

struct RasterCategory {
  int value = 0;
  std::string name;
  std::array<std::uint8_t, 3> colour = {0, 0, 0};  ///< red, green, blue
};

struct RasterWriterOptions {
  PixelType type = PixelType::u8;
  std::vector<std::string> band_names;  ///< one a band: their number is the number of bands
  std::optional<double> nodata;
  double scale = 1;  ///< value = pixel * scale + offset, written into the file when not 1 and 0
  double offset = 0;
  std::vector<RasterCategory> categories;  ///< names and colour table of a class raster (u8, one band)
  std::map<std::string, std::string> metadata;
  std::string driver = "COG";         ///< "COG" (tiled, compressed, overviews) or "GTiff"
  std::vector<std::string> creation;  ///< KEY=VALUE creation options
  bool overwrite = false;
};

/// Writes a raster in rows from top to bottom. The file has a temporary name beside its place until `finish`;
/// a writer that is destroyed before leaves nothing behind.
class RasterWriter {
 public:
  /// @throws Error (already_exists, unwritable, bad_argument)
  RasterWriter(const std::string& path, const Grid& grid, const RasterWriterOptions& options);
  ~RasterWriter();
  RasterWriter(RasterWriter&&) noexcept;
  RasterWriter& operator=(RasterWriter&&) noexcept;

  /// The next rows of all bands. `T` must be the type of the file: std::uint8_t for u8, float for f32,
  /// std::int16_t for i16.
  /// @param values [bands, rows, cols]
  /// @throws Error (out_of_space, unwritable)
  template <typename T>
  void write_rows(std::span<const T> values, std::int64_t rows);
  /// Completes the file (overviews), syncs it and gives it its name.
  void finish();
  const std::string& path() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Refuses an output early: exists and must not be overwritten, folder absent or not writable.
/// @throws Error (already_exists, unwritable)
void require_writable(const std::string& path, bool overwrite);

}  // namespace scarp::geo

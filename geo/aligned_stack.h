// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "geo/raster_source.h"
#include "geo/terrain.h"

namespace scarp::geo {

/// What a hole in the DEM alone (optical valid) becomes.
enum class DemGaps : std::uint8_t {
  fill,  ///< valid pixel, terrain channels 0 there, `terrain_valid` 0
  mask,  ///< invalid pixel
};

struct StackOptions {
  std::vector<int> optical_bands;       ///< 0-based bands of the optical raster, in the wanted order
  std::vector<TerrainChannel> terrain;  ///< empty: no DEM is needed
  DemGaps dem_gaps = DemGaps::fill;
};

/// A window of both rasters on the optical grid.
struct StackTile {
  Window window;
  std::vector<float> optical;               ///< [bands, rows, cols], source units; 0 where invalid
  std::vector<float> terrain;               ///< [channels, rows, cols]; 0 where invalid
  std::vector<std::uint8_t> valid;          ///< [rows, cols]: this pixel is to be mapped
  std::vector<std::uint8_t> terrain_valid;  ///< [rows, cols]: its elevation is known
};

/// Elevation around a window of a stack: what its terrain channels are derived from.
struct StackElevation {
  Window window;              ///< of the optical grid
  Window around;              ///< cells of the terrain grid that it needs
  std::vector<float> metres;  ///< [around.rows, around.cols]; anything where invalid
  std::vector<std::uint8_t> valid;
};

/// Terrain channels of a window. Used again and again, it stops asking for memory.
struct StackTerrain {
  std::vector<float> terrain;       ///< [channels, rows, cols]; 0 where invalid
  std::vector<std::uint8_t> valid;  ///< [rows, cols]: its elevation is known
  // Room for those who derive.
  std::vector<float> cells;
  std::vector<std::uint8_t> cells_valid;
  std::vector<float> north;
};

/// Optical raster and DEM as one stack on the optical raster's grid, whatever CRS, pixel size, extent and
/// nodata the DEM has. Elevation is brought to a terrain grid: the optical grid itself, or one of k x k
/// optical pixels where the DEM is k times coarser (rounded), anchored at the optical origin; bilinear,
/// transformed exactly by PROJ at the nodes of a lattice that is anchored to the raster and linearly between.
/// Channels are derived there, in metres, and brought to the optical pixels bilinearly. Pixels do not depend
/// on which windows are read, in which order, bit for bit. Not for use by two threads at once.
class AlignedStack {
 public:
  /// @param dem  may be null if no terrain channel is asked for
  /// @throws Error (missing_crs, unsupported_grid, no_overlap, wrong_bands)
  AlignedStack(std::unique_ptr<RasterSource> optical,
               std::unique_ptr<RasterSource> dem,
               StackOptions options);
  ~AlignedStack();
  AlignedStack(AlignedStack&&) noexcept;
  AlignedStack& operator=(AlignedStack&&) noexcept;

  const Grid& grid() const;
  const StackOptions& options() const;
  /// Any window, also beyond the grid: pixels out there are invalid. Vectors of `out` are resized as needed
  /// and reused. Elevation rows are kept between calls: windows that go down in order are read once.
  void read(const Window& window, StackTile& out);
  /// The elevation that terrain channels of a window inside the grid are derived from.
  void read_elevation(const Window& window, StackElevation& out);
  /// Terrain channels as `read` gives them, of a window inside that of `elevation`. Any number of threads may
  /// derive at once, also while another one reads.
  void derive(const StackElevation& elevation, const Window& window, StackTerrain& out) const;
  /// The same stack for another thread.
  AlignedStack reopen() const;

 private:
  struct Impl;
  explicit AlignedStack(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace scarp::geo

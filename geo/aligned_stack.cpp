// SPDX-License-Identifier: Apache-2.0
#include "geo/aligned_stack.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <sstream>
#include <utility>

#include "geo/elevation_grid.h"
#include "geo/error.h"
#include "geo/raster_source_averaged.h"
#include "geo/terrain_operators.h"
#include "geo/upsample.h"

namespace scarp::geo {
namespace {

/// How many optical pixels a terrain pixel is wide, and how many DEM pixels are averaged before.
struct Ratio {
  std::int64_t terrain = 1;
  int average = 1;
};

Ratio ratio_of(const Grid& optical, const Grid& dem) {
  constexpr double kMuchFiner = 1.5;
  const double ratio = dem.pixel_size().mean_m() / optical.pixel_size().mean_m();
  Ratio result;
  result.terrain = std::max<std::int64_t>(1, std::llround(ratio));
  if (ratio * kMuchFiner < 1) result.average = static_cast<int>(std::llround(1 / ratio));
  return result;
}

Grid terrain_grid(const Grid& optical, std::int64_t factor) {
  Grid grid = optical;
  grid.rows = (optical.rows + factor - 1) / factor;
  grid.cols = (optical.cols + factor - 1) / factor;
  for (const std::size_t i : {1, 2, 4, 5}) grid.geotransform[i] *= static_cast<double>(factor);
  return grid;
}

struct Extent {
  double min_x = std::numeric_limits<double>::infinity();
  double min_y = min_x;
  double max_x = -min_x;
  double max_y = -min_x;
  void add(double x, double y) {
    if (!std::isfinite(x) || !std::isfinite(y)) return;
    min_x = std::min(min_x, x);
    max_x = std::max(max_x, x);
    min_y = std::min(min_y, y);
    max_y = std::max(max_y, y);
  }
  bool meets(const Extent& other) const {
    return min_x < other.max_x && other.min_x < max_x && min_y < other.max_y && other.min_y < max_y;
  }
  std::string text() const {
    std::ostringstream out;
    out.precision(10);
    if (min_x > max_x) return "nothing that can be transformed";
    out << "x " << min_x << ".." << max_x << ", y " << min_y << ".." << max_y;
    return out.str();
  }
};

/// Extent of a grid in a CRS, from points spread over it: its border may be bent there.
Extent extent_in(const Grid& grid, const Crs& crs) {
  constexpr int kPoints = 33;
  std::vector<double> x;
  std::vector<double> y;
  for (int i = 0; i < kPoints * kPoints; ++i) {
    const int down = i / kPoints, across = i % kPoints;
    const double row = static_cast<double>(grid.rows) * down / (kPoints - 1.0);
    const double col = static_cast<double>(grid.cols) * across / (kPoints - 1.0);
    const MapPoint point = grid.map_from_pixel({row, col});
    x.push_back(point.x);
    y.push_back(point.y);
  }
  MapTransform(grid.crs, crs).apply(x, y);
  Extent extent;
  for (std::size_t i = 0; i < x.size(); ++i) extent.add(x[i], y[i]);
  return extent;
}

void require_overlap(const RasterSource& optical, const RasterSource& dem) {
  const Crs& crs = dem.grid().crs;
  const Extent here = extent_in(optical.grid(), crs);
  const Extent there = extent_in(dem.grid(), crs);
  if (here.meets(there)) return;
  throw Error(Fault::no_overlap,
              "the DEM " + dem.name() + " covers " + there.text() + ", but " + optical.name() + " covers " +
                  here.text() + " (both in " + crs.name() +
                  "): they are different ground; give a DEM of this scene, or check both CRS");
}

void require_bands(const RasterSource& optical, const std::vector<int>& bands) {
  const int count = static_cast<int>(optical.bands().size());
  for (const int band : bands) {
    if (band >= 0 && band < count) continue;
    throw Error(Fault::wrong_bands, optical.name() + " has " + std::to_string(count) +
                                        (count == 1 ? " band" : " bands") + ", but band " +
                                        std::to_string(band + 1) + " is needed; choose among its bands");
  }
}

/// Channels derived on the terrain grid for those asked for. An angle cannot be interpolated: where the
/// terrain grid is coarser, aspect is taken from the interpolated gradient.
struct DerivedChannels {
  std::vector<TerrainChannel> channels;
  std::vector<std::size_t> first;  ///< for each channel asked for

  DerivedChannels(const std::vector<TerrainChannel>& asked, bool coarser) {
    for (const TerrainChannel& channel : asked) {
      first.push_back(channels.size());
      if (coarser && channel.kind == TerrainKind::aspect) {
        channels.push_back({TerrainKind::gradient_east, 0});
        channels.push_back({TerrainKind::gradient_north, 0});
      } else {
        channels.push_back(channel);
      }
    }
  }
};

/// Copies a window's plane to its place in a larger one.
template <typename T>
void place(const T* plane, const Window& window, T* target, std::int64_t stride) {
  for (std::int64_t row = 0; row < window.rows; ++row) {
    std::copy_n(plane + row * window.cols, window.cols, target + row * stride);
  }
}

}  // namespace

struct AlignedStack::Impl {
  Impl(std::unique_ptr<RasterSource> optical_source,
       std::unique_ptr<RasterSource> dem_source,
       StackOptions stack_options)
      : optical(std::move(optical_source)), options(std::move(stack_options)) {
    if (!optical) throw Error(Fault::bad_argument, "a stack needs an optical raster");
    require_bands(*optical, options.optical_bands);
    if (options.terrain.empty()) return;
    if (!dem_source) {
      throw Error(Fault::bad_argument, "terrain channels such as " + to_string(options.terrain.front()) +
                                           " need a DEM beside " + optical->name() + "; give one");
    }
    prepare_terrain(std::move(dem_source));
  }

  void prepare_terrain(std::unique_ptr<RasterSource> dem_source) {
    require_mappable(optical->grid(), optical->name());
    require_mappable(dem_source->grid(), dem_source->name());
    require_overlap(*optical, *dem_source);
    dem = dem_source->reopen();
    ratio = ratio_of(optical->grid(), dem->grid());
    if (ratio.average > 1) dem_source = make_averaged_source(std::move(dem_source), ratio.average);
    derived.emplace(options.terrain, ratio.terrain > 1);
    halo = halo_px(derived->channels);
    const Grid grid = terrain_grid(optical->grid(), ratio.terrain);
    pixel = grid.pixel_size();
    elevation.emplace(grid, std::move(dem_source), halo + 2);
  }

  void read_optical(const Window& window, const Window& inside, StackTile& out);
  void read_terrain(const Window& window, const Window& inside, StackTile& out);
  void read_elevation(const Window& window, StackElevation& out);
  void derive(const StackElevation& from, const Window& window, StackTerrain& out) const;
  void derive_cells(const StackElevation& from,
                    const Window& cells,
                    std::vector<float>& out,
                    std::vector<std::uint8_t>& valid) const;
  void upsample(const StackElevation& from, const Window& window, StackTerrain& out) const;

  std::unique_ptr<RasterSource> optical;
  std::unique_ptr<RasterSource> dem;  ///< for `reopen`; read through `elevation`
  StackOptions options;
  Ratio ratio;
  std::optional<DerivedChannels> derived;
  int halo = 0;
  Grid::PixelSize pixel;
  std::optional<ElevationGrid> elevation;

  std::vector<float> part;
  std::vector<std::uint8_t> part_valid;
  StackElevation ground;
  StackTerrain derived_part;
};

void AlignedStack::Impl::read_optical(const Window& window, const Window& inside, StackTile& out) {
  const std::size_t bands = options.optical_bands.size();
  const auto pixels = static_cast<std::size_t>(window.pixels());
  out.optical.resize(bands * pixels);
  out.valid.resize(pixels);
  const bool whole = inside == window;
  if (whole) {
    optical->read(window, options.optical_bands, out.optical, out.valid);
  } else {
    std::fill(out.optical.begin(), out.optical.end(), 0.0F);
    std::fill(out.valid.begin(), out.valid.end(), std::uint8_t{0});
    if (inside.empty()) return;
    const auto count = static_cast<std::size_t>(inside.pixels());
    part.resize(bands * count);
    part_valid.resize(count);
    optical->read(inside, options.optical_bands, part, part_valid);
    const std::int64_t start = (inside.row - window.row) * window.cols + inside.col - window.col;
    place(part_valid.data(), inside, out.valid.data() + start, window.cols);
    for (std::size_t band = 0; band < bands; ++band) {
      float* target = out.optical.data() + static_cast<std::int64_t>(band * pixels) + start;
      place(part.data() + band * count, inside, target, window.cols);
    }
  }
  for (std::size_t band = 0; band < bands; ++band) {
    float* values = out.optical.data() + band * pixels;
    for (std::size_t i = 0; i < pixels; ++i) values[i] = out.valid[i] != 0 ? values[i] : 0.0F;
  }
}

void AlignedStack::Impl::read_elevation(const Window& window, StackElevation& out) {
  const Window cells = ratio.terrain > 1 ? Upsampler(window, ratio.terrain).cells() : window;
  out.window = window;
  // Beyond the DEM there is nothing to read.
  const Window raster = elevation->raster();
  out.around = raster.empty() ? cells.grown(halo) : intersection(cells.grown(halo), enclosing(cells, raster));
  elevation->read(out.around, out.metres, out.valid);
}

void AlignedStack::Impl::derive_cells(const StackElevation& from,
                                      const Window& cells,
                                      std::vector<float>& out,
                                      std::vector<std::uint8_t>& valid) const {
  const ElevationView view{from.around, from.metres, from.valid, pixel.x_m, pixel.y_m, elevation->raster()};
  out.resize(derived->channels.size() * static_cast<std::size_t>(cells.pixels()));
  valid.resize(static_cast<std::size_t>(cells.pixels()));
  derive_terrain(view, cells, derived->channels, out, valid);
}

void AlignedStack::Impl::derive(const StackElevation& from, const Window& window, StackTerrain& out) const {
  if (ratio.terrain > 1) return upsample(from, window, out);
  derive_cells(from, window, out.terrain, out.valid);
}

void AlignedStack::Impl::read_terrain(const Window& window, const Window& inside, StackTile& out) {
  const std::size_t channels = options.terrain.size();
  const auto pixels = static_cast<std::size_t>(window.pixels());
  out.terrain.resize(channels * pixels);
  out.terrain_valid.resize(pixels);
  if (channels > 0 && !inside.empty()) read_elevation(inside, ground);
  if (channels > 0 && inside == window && ratio.terrain == 1)
    return derive_cells(ground, window, out.terrain, out.terrain_valid);
  std::fill(out.terrain.begin(), out.terrain.end(), 0.0F);
  std::fill(out.terrain_valid.begin(), out.terrain_valid.end(), std::uint8_t{0});
  if (channels == 0 || inside.empty()) return;
  derive(ground, inside, derived_part);
  const std::int64_t start = (inside.row - window.row) * window.cols + inside.col - window.col;
  place(derived_part.valid.data(), inside, out.terrain_valid.data() + start, window.cols);
  for (std::size_t i = 0; i < channels; ++i) {
    place(derived_part.terrain.data() + i * derived_part.valid.size(), inside,
          out.terrain.data() + i * pixels + start, window.cols);
  }
}

void AlignedStack::Impl::upsample(const StackElevation& from, const Window& window, StackTerrain& out) const {
  const Upsampler upsampler(window, ratio.terrain);
  derive_cells(from, upsampler.cells(), out.cells, out.cells_valid);
  const auto pixels = static_cast<std::size_t>(window.pixels());
  out.terrain.resize(options.terrain.size() * pixels);
  out.valid.resize(pixels);
  upsampler.run_valid(out.cells_valid, out.valid.data(), window.cols);
  const auto cells = static_cast<std::size_t>(upsampler.cells().pixels());
  const auto plane = [&](std::size_t i) {
    return std::span<const float>(out.cells).subspan(i * cells, cells);
  };
  for (std::size_t i = 0; i < options.terrain.size(); ++i) {
    float* target = out.terrain.data() + i * pixels;
    const std::size_t first = derived->first[i];
    upsampler.run(plane(first), out.cells_valid, target, window.cols);
    if (options.terrain[i].kind != TerrainKind::aspect) continue;
    out.north.resize(pixels);
    upsampler.run(plane(first + 1), out.cells_valid, out.north.data(), window.cols);
    for (std::size_t at = 0; at < pixels; ++at) {
      target[at] = out.valid[at] != 0 ? aspect_degrees(target[at], out.north[at]) : 0.0F;
    }
  }
}

AlignedStack::AlignedStack(std::unique_ptr<RasterSource> optical,
                           std::unique_ptr<RasterSource> dem,
                           StackOptions options)
    : impl_(std::make_unique<Impl>(std::move(optical), std::move(dem), std::move(options))) {}

AlignedStack::AlignedStack(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AlignedStack::~AlignedStack() = default;
AlignedStack::AlignedStack(AlignedStack&&) noexcept = default;
AlignedStack& AlignedStack::operator=(AlignedStack&&) noexcept = default;

const Grid& AlignedStack::grid() const {
  return impl_->optical->grid();
}
const StackOptions& AlignedStack::options() const {
  return impl_->options;
}

void AlignedStack::read(const Window& window, StackTile& out) {
  if (window.empty()) throw Error(Fault::bad_argument, "an empty window cannot be read");
  const Window inside = intersection(window, grid().window());
  out.window = window;
  impl_->read_optical(window, inside, out);
  impl_->read_terrain(window, inside, out);
  if (impl_->options.dem_gaps == DemGaps::fill || impl_->options.terrain.empty()) return;
  for (std::size_t i = 0; i < out.valid.size(); ++i) {
    if (out.terrain_valid[i] != 0 || out.valid[i] == 0) continue;
    out.valid[i] = 0;
    const std::size_t pixels = out.valid.size();
    for (std::size_t band = 0; band < impl_->options.optical_bands.size(); ++band)
      out.optical[band * pixels + i] = 0;
  }
}

void AlignedStack::read_elevation(const Window& window, StackElevation& out) {
  impl_->read_elevation(window, out);
}

void AlignedStack::derive(const StackElevation& elevation, const Window& window, StackTerrain& out) const {
  impl_->derive(elevation, window, out);
}

AlignedStack AlignedStack::reopen() const {
  return AlignedStack(std::make_unique<Impl>(impl_->optical->reopen(),
                                             impl_->dem ? impl_->dem->reopen() : nullptr, impl_->options));
}

}  // namespace scarp::geo

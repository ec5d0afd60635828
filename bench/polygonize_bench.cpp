// SPDX-License-Identifier: Apache-2.0
// polygonize_bench RASTER 4|8 [WORKERS] [OUT.gpkg|OUT.fgb [DEM CONFIDENCE]]   Polygons of a class raster:
// seconds from opening it to the last polygon, in memory or in a file with all fields that the rasters allow.
// polygonize_bench read RASTER...   The same for reading rasters, rows of a million pixels at a time.
// polygonize_bench open RASTER 4|8   What is kept of open objects. One line of JSON.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <vector>

#include <gdal_priv.h>

#include "geo/raster_source_gdal.h"
#include "pipelines/mapping/polygonize.h"
#include "pipelines/vector/class_raster_gdal.h"
#include "pipelines/vector/class_tracer.h"
#include "tests/support/silent_events.h"

namespace {

struct Counts {
  long long polygons = 0;
  long long corners = 0;
  long long rings = 0;
  long long pixels = 0;
};

Counts trace(const std::string& path, bool eight, int workers) {
  scarp::vector::ClassRaster raster(path);
  scarp::vector::TracerOptions options;
  options.rules.eight_connected = eight;
  options.rules.nodata = raster.nodata();
  options.workers = workers;
  Counts counts;
  options.band_rows = scarp::vector::rows_of_blocks(raster);
  const std::int64_t rows = raster.rows();
  const std::int64_t cols = raster.cols();
  scarp::vector::ClassRasterPool pool(std::move(raster), options.band_rows > 0 ? workers : 1);
  scarp::vector::trace_classes<std::uint8_t>(
      rows, cols, options,
      [&](std::int64_t row, std::int64_t count, std::uint8_t* pixels) { pool.read(row, count, pixels); },
      [&](const scarp::vector::TracedObject& object) {
        ++counts.polygons;
        counts.corners += static_cast<long long>(object.corners.size());
        counts.rings += static_cast<long long>(object.ring_ends.size());
        counts.pixels += object.pixels;
      });
  return counts;
}

struct Files {
  std::string output, dem, confidence;
};

Counts write(const std::string& path, bool eight, int workers, const Files& files) {
  scarp::pipelines::PolygonizeOptions options;
  options.raster = path;
  options.dem = files.dem;
  options.confidence = files.confidence;
  options.limits.eight_connected = eight;
  options.workers = workers;
  options.output = files.output;
  options.overwrite = true;
  scarp::test::SilentEvents events;
  return {scarp::pipelines::polygonize(options, events, {}).polygons, 0, 0, 0};
}

/// The most that is kept of open objects after a band of 64 rows, in bytes a column.
double open_bytes_a_column(const std::string& path, bool eight) {
  constexpr std::int64_t kRows = 64;
  scarp::vector::ClassRaster raster(path);
  scarp::vector::TracerOptions options;
  options.rules.eight_connected = eight;
  options.rules.nodata = raster.nodata();
  options.band_rows = kRows;
  const scarp::geo::Grid& grid = raster.grid();
  scarp::vector::ClassTracer<std::uint8_t> tracer(grid.cols, options, [](const auto&) {});
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(kRows * grid.cols));
  std::size_t most = 0;
  for (std::int64_t row = 0; row + kRows <= grid.rows; row += kRows) {
    raster.read(row, kRows, pixels.data());
    tracer.push(pixels);
    most = std::max(most, tracer.open_bytes());
  }
  return static_cast<double>(most) / static_cast<double>(grid.cols);
}

/// Every raster in the type that it is stored in.
Counts read(std::span<char*> paths) {
  std::vector<std::uint8_t> room;
  Counts counts;
  for (const char* path : paths) {
    const GDALDatasetUniquePtr raster(GDALDataset::Open(path, GDAL_OF_RASTER));
    GDALRasterBand& band = *raster->GetRasterBand(1);
    const int cols = band.GetXSize();
    const int most = std::max(1, (1 << 20) / cols);
    room.resize(std::size_t{8} * static_cast<std::size_t>(cols) * static_cast<std::size_t>(most));
    for (int row = 0; row < band.GetYSize(); row += most) {
      const int rows = std::min(most, band.GetYSize() - row);
      if (band.RasterIO(GF_Read, 0, row, cols, rows, room.data(), cols, rows, band.GetRasterDataType(), 0, 0,
                        nullptr) != CE_None) {
        std::exit(1);
      }
      counts.pixels += static_cast<long long>(rows) * cols;
    }
  }
  return counts;
}

Counts polygons(int argc, char** argv) {
  const bool eight = argv[2][0] == '8';
  const int workers = argc > 3 ? std::atoi(argv[3]) : 1;
  if (argc <= 4) return trace(argv[1], eight, workers);
  return write(argv[1], eight, workers, {argv[4], argc > 5 ? argv[5] : "", argc > 6 ? argv[6] : ""});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr,
                 "usage: polygonize_bench RASTER 4|8 [WORKERS] [OUT [DEM CONFIDENCE]] | read RASTER... | "
                 "open RASTER 4|8\n");
    return 2;
  }
  scarp::geo::set_up_gdal();
  if (std::string_view(argv[1]) == "open") {
    std::printf("{\"open_bytes_a_column\": %.1f}\n",
                open_bytes_a_column(argv[2], argc > 3 && argv[3][0] == '8'));
    return 0;
  }
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t cpu_start = std::clock();
  const bool reads = std::string_view(argv[1]) == "read";
  const Counts counts = reads ? read(std::span(argv + 2, argv + argc)) : polygons(argc, argv);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const double cpu = static_cast<double>(std::clock() - cpu_start) / CLOCKS_PER_SEC;
  std::printf(
      "{\"polygons\": %lld, \"rings\": %lld, \"corners\": %lld, \"pixels\": %lld, \"seconds\": %.4f, "
      "\"cpu_seconds\": %.4f, \"peak_mib\": %ld}\n",
      counts.polygons, counts.rings, counts.corners, counts.pixels, seconds, cpu, usage.ru_maxrss / 1024);
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// polygonize_bench RASTER 4|8 [WORKERS] [OUT.gpkg|OUT.fgb]   Polygons of a class raster: seconds from opening
// it to the last polygon, in memory or in a file with all fields that need no other raster. One line of JSON.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <sys/resource.h>

#include "geo/raster_source_gdal.h"
#include "pipelines/polygonize.h"
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
  scarp::vector::trace_classes<std::uint8_t>(
      raster.grid().rows, raster.grid().cols, options,
      [&](std::int64_t row, std::int64_t rows, std::uint8_t* pixels) { raster.read(row, rows, pixels); },
      [&](const scarp::vector::TracedObject& object) {
        ++counts.polygons;
        counts.corners += static_cast<long long>(object.corners.size());
        counts.rings += static_cast<long long>(object.ring_ends.size());
        counts.pixels += object.pixels;
      });
  return counts;
}

Counts write(const std::string& path, bool eight, int workers, const std::string& output) {
  scarp::pipelines::PolygonizeOptions options;
  options.raster = path;
  options.limits.eight_connected = eight;
  options.workers = workers;
  options.output = output;
  options.overwrite = true;
  scarp::test::SilentEvents events;
  return {scarp::pipelines::polygonize(options, events, {}).polygons, 0, 0, 0};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: polygonize_bench RASTER 4|8 [WORKERS] [OUT]\n");
    return 2;
  }
  scarp::geo::set_up_gdal();
  const bool eight = argv[2][0] == '8';
  const int workers = argc > 3 ? std::atoi(argv[3]) : 1;
  const auto start = std::chrono::steady_clock::now();
  const Counts counts = argc > 4 ? write(argv[1], eight, workers, argv[4]) : trace(argv[1], eight, workers);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const double cpu = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                     1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  std::printf(
      "{\"polygons\": %lld, \"rings\": %lld, \"corners\": %lld, \"pixels\": %lld, \"seconds\": %.4f, "
      "\"cpu_seconds\": %.4f, \"peak_mib\": %ld}\n",
      counts.polygons, counts.rings, counts.corners, counts.pixels, seconds, cpu, usage.ru_maxrss / 1024);
  return 0;
}

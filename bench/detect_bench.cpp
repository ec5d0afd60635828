// SPDX-License-Identifier: Apache-2.0
// detect_bench HRSI DEM [WORKERS [polygons]]   What `detect` costs outside the network: nanoseconds a pixel a
// thread and peak memory up to the finished class raster, and with polygons and all their fields besides,
// with a network that only draws a square into each tile. One line of JSON.
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <malloc.h>
#include <string>
#include <sys/resource.h>
#include <vector>

#include "geo/raster_source_gdal.h"
#include "geo/terrain.h"
#include "pipelines/mapping/detect.h"
#include "tests/support/silent_events.h"

namespace {

/// Answers without looking: all logits are 0 but for those of a square in the middle of each tile, a
/// sixteenth of it, so that there is something to write.
class NoNetwork final : public scarp::nn::Segmenter {
 public:
  explicit NoNetwork(scarp::nn::ModelCard card) : card_(std::move(card)) {}
  const scarp::nn::ModelCard& card() const override { return card_; }
  std::string device() const override { return "cpu"; }
  std::string precision() const override { return "fp32"; }
  void segment(const scarp::nn::TileBatch& batch, std::span<float> logits) const override {
    std::fill(logits.begin(), logits.end(), 0.0f);
    const auto side = static_cast<std::size_t>(batch.rows);
    for (std::size_t tile = 0; tile < static_cast<std::size_t>(batch.tiles); ++tile) {
      float* slide = logits.data() + (2 * tile + 1) * side * side;
      for (std::size_t row = side * 3 / 8; row < side * 5 / 8; ++row) {
        std::fill_n(slide + row * side + side * 3 / 8, side / 4, 2.0f);
      }
    }
  }

 private:
  scarp::nn::ModelCard card_;
};

scarp::nn::ModelCard card_of_mars_shape() {
  scarp::nn::ModelCard card;
  card.name = "none";
  for (const char* band : {"red", "green", "blue"}) card.optical.push_back({band, "digital number", 0, 1});
  for (const char* channel :
       {"relative_elevation_17", "relative_elevation_65", "relative_elevation_257", "gradient_east",
        "gradient_north", "slope", "profile_curvature", "plan_curvature"}) {
    card.terrain.push_back({channel, "", 0, 1});
  }
  card.classes = {{0, "background", {}}, {1, "landslide", {}}};
  card.gsd_max_m = 1e6;
  return card;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: detect_bench HRSI DEM [WORKERS [polygons]]\n");
    return 2;
  }
  mallopt(M_MMAP_MAX, 0);  // as the program does: blocks are kept, not given back and cleared again
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  scarp::geo::set_up_gdal();
  scarp::pipelines::DetectOptions options;
  options.optical = argv[1];
  options.dem = argv[2];
  options.workers = argc > 3 ? std::atoi(argv[3]) : 1;
  const auto folder = std::filesystem::temp_directory_path() / "scarp-detect-bench";
  std::filesystem::create_directories(folder);
  if (argc > 4) options.polygons = (folder / "polygons.gpkg").string();
  options.class_raster = (folder / "classes.tif").string();
  options.probability_raster = (folder / "p.tif").string();
  options.overwrite = true;
  const NoNetwork network(card_of_mars_shape());
  scarp::test::SilentEvents events;
  const auto grid = scarp::geo::open_raster(options.optical)->grid();
  const auto report = scarp::pipelines::detect(options, network, events, {});
  std::filesystem::remove_all(folder);
  const double pixels = static_cast<double>(grid.rows) * static_cast<double>(grid.cols);
  const double busy = (cpu_seconds() - report.seconds_network) / pixels * 1e9;
  std::printf(
      "{\"rows\": %lld, \"cols\": %lld, \"workers\": %d, \"polygons\": %lld, \"seconds\": %.2f, "
      "\"cpu_ns_a_pixel\": %.1f, "
      "\"peak_mib\": %.0f}\n",
      static_cast<long long>(grid.rows), static_cast<long long>(grid.cols), options.workers,
      static_cast<long long>(report.polygons), report.seconds, busy, peak_mib());
  return 0;
}

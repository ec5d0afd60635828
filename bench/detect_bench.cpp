// SPDX-License-Identifier: Apache-2.0
// detect_bench HRSI DEM [WORKERS]   What `detect` costs outside the network: nanoseconds a pixel a thread and
// peak memory up to the finished class raster, with a network that does nothing. One line of JSON.
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
#include "pipelines/detect.h"
#include "tests/support/silent_events.h"

namespace {

/// Answers without looking: all logits are 0 but for a stripe, so that there is something to write.
class NoNetwork final : public scarp::nn::Segmenter {
 public:
  explicit NoNetwork(scarp::nn::ModelCard card) : card_(std::move(card)) {}
  const scarp::nn::ModelCard& card() const override { return card_; }
  std::string device() const override { return "cpu"; }
  std::string precision() const override { return "fp32"; }
  void segment(const scarp::nn::TileBatch&, std::span<float> logits) const override {
    std::fill(logits.begin(), logits.end(), 0.0f);
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
    std::fprintf(stderr, "usage: detect_bench HRSI DEM [WORKERS]\n");
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
      "{\"rows\": %lld, \"cols\": %lld, \"workers\": %d, \"seconds\": %.2f, \"cpu_ns_a_pixel\": %.1f, "
      "\"peak_mib\": %.0f}\n",
      static_cast<long long>(grid.rows), static_cast<long long>(grid.cols), options.workers, report.seconds,
      busy, peak_mib());
  return 0;
}

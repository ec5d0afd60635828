// SPDX-License-Identifier: Apache-2.0
// pretrain_bench mae|hpm|msn RUN.yaml STEPS [ROUNDS]
// Seconds and processor seconds of a pretraining step on windows that are read from the run's rasters as
// `scarp pretrain` reads them, and on as many windows that lie in memory, in turns; medians, and the median
// of their ratios. One JSON object.
#include <algorithm>
#include <chrono>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <malloc.h>
#include <string>
#include <vector>

#include "geo/raster_source_gdal.h"
#include "nn/pretrainer.h"
#include "pipelines/pretraining/pretrain_settings.h"
#include "pipelines/pretraining/scene_windows.h"
#include "tests/support/silent_events.h"

namespace {

using namespace scarp;

constexpr std::int64_t kHeld = 256;

/// The first windows of a source, held in memory, again and again.
class HeldWindows final : public nn::WindowSource {
 public:
  HeldWindows(nn::WindowSource& source, std::size_t optical, std::size_t terrain, std::int64_t size)
      : side_(source.side()), size_(size) {
    const auto pixels = static_cast<std::size_t>(side_) * static_cast<std::size_t>(side_);
    for (std::int64_t i = 0; i < std::min(kHeld, source.size()); ++i) {
      Window& held = windows_.emplace_back();
      held.optical.resize(optical * pixels);
      held.terrain.resize(terrain * pixels);
      held.valid.resize(pixels);
      held.terrain_valid.resize(pixels);
      source.fill(0, i, {held.optical, held.terrain, held.valid, held.terrain_valid});
    }
  }
  int side() const override { return side_; }
  std::int64_t size() const override { return size_; }
  std::string place(std::int64_t, std::int64_t index) const override { return std::to_string(index); }
  void fill(std::int64_t, std::int64_t index, const nn::WindowView& out) override {
    const Window& held = windows_[static_cast<std::size_t>(index) % windows_.size()];
    std::copy(held.optical.begin(), held.optical.end(), out.optical.begin());
    std::copy(held.terrain.begin(), held.terrain.end(), out.terrain.begin());
    std::copy(held.valid.begin(), held.valid.end(), out.valid.begin());
    std::copy(held.terrain_valid.begin(), held.terrain_valid.end(), out.terrain_valid.begin());
  }

 private:
  struct Window {
    std::vector<float> optical, terrain;
    std::vector<std::uint8_t> valid, terrain_valid;
  };
  int side_;
  std::int64_t size_;
  std::vector<Window> windows_;
};

/// So many windows of a source, pass after pass.
class FirstWindows final : public nn::WindowSource {
 public:
  FirstWindows(nn::WindowSource& source, std::int64_t size) : source_(source), size_(size) {}
  int side() const override { return source_.side(); }
  std::int64_t size() const override { return size_; }
  std::string place(std::int64_t epoch, std::int64_t index) const override {
    return source_.place(epoch, index);
  }
  void fill(std::int64_t, std::int64_t index, const nn::WindowView& out) override {
    source_.fill(index / source_.size(), index % source_.size(), out);
  }

 private:
  nn::WindowSource& source_;
  std::int64_t size_;
};

struct Cost {
  double seconds = 0, processor = 0;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

Cost step_cost(const nn::BackboneCard& card,
               const nn::PretrainOptions& options,
               nn::WindowSource& windows,
               std::int64_t steps) {
  const auto start = std::chrono::steady_clock::now();
  const auto clock = std::clock();
  nn::pretrain(card, options, windows, {}, [](const nn::PretrainEvent&) {}, {});
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double processor = static_cast<double>(std::clock() - clock) / CLOCKS_PER_SEC;
  return {seconds / static_cast<double>(steps), processor / static_cast<double>(steps)};
}

int bench(nn::PretrainMethod method, const std::string& run_file, std::int64_t steps, int rounds) {
  pipelines::PretrainSettings settings = pipelines::read_pretrain_settings(run_file, {}, method);
  settings.options.epochs = 1;
  test::SilentEvents events;
  pipelines::SceneWindows scenes(settings, events, {});
  nn::BackboneCard card = nn::backbone_card_for(settings.options, settings.window_side);
  card.grouped = settings.grouped();
  card.optical = scenes.optical();
  card.terrain = scenes.terrain();
  card.gsd_min_m = scenes.gsd_min_m();
  card.gsd_max_m = scenes.gsd_max_m();
  const std::int64_t size = steps * settings.options.batch;
  HeldWindows held(scenes, card.optical.size(), card.terrain.size(), size);
  FirstWindows read(scenes, size);
  std::vector<double> ratios, processor_ratios, from_memory, from_rasters;
  step_cost(card, settings.options, held, steps);  // makes the kernels
  for (int i = 0; i < rounds; ++i) {
    const Cost rasters = step_cost(card, settings.options, read, steps);
    const Cost memory = step_cost(card, settings.options, held, steps);
    from_memory.push_back(memory.seconds);
    from_rasters.push_back(rasters.seconds);
    ratios.push_back(rasters.seconds / memory.seconds);
    processor_ratios.push_back(rasters.processor / memory.processor);
  }
  std::printf(
      "{\"method\": \"%s\", \"memory_s\": %.4f, \"rasters_s\": %.4f, \"ratio\": %.3f, \"processor_ratio\": "
      "%.3f}\n",
      nn::name_of(method), median(from_memory), median(from_rasters), median(ratios),
      median(processor_ratios));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  mallopt(M_MMAP_MAX, 0);  // as the program does
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  geo::set_up_gdal();
  const std::string name = argc > 1 ? argv[1] : "";
  for (const auto method : {nn::PretrainMethod::mae, nn::PretrainMethod::hpm, nn::PretrainMethod::msn}) {
    if (argc >= 4 && name == nn::name_of(method))
      return bench(method, argv[2], std::atoll(argv[3]), argc > 4 ? std::atoi(argv[4]) : 3);
  }
  std::fprintf(stderr, "usage: pretrain_bench mae|hpm|msn RUN.yaml STEPS [ROUNDS]\n");
  return 2;
}

// SPDX-License-Identifier: Apache-2.0
// network_bench forward MODEL fp32|bf16 TILES          seconds a tile of the bare network, one thread
// network_bench train RUN.yaml fp32|bf16 STEPS memory  seconds a training step, samples in memory
// network_bench train RUN.yaml fp32|bf16 STEPS rasters the same from rasters
// One line of JSON. network_twin.py runs it in turn with the same network in eager PyTorch.
#include <algorithm>
#include <chrono>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <malloc.h>
#include <string>
#include <vector>

#include "geo/raster_source_gdal.h"
#include "nn/learner.h"
#include "nn/segmenter.h"
#include "pipelines/training/training_scenes.h"

namespace {

using namespace scarp;

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

int print(const char* what, const std::string& precision, const std::vector<double>& seconds) {
  std::printf(
      "{\"what\": \"%s\", \"precision\": \"%s\", \"median_s\": %.5f, \"min_s\": %.5f, \"count\": %zu}\n",
      what, precision.c_str(), median(seconds), *std::min_element(seconds.begin(), seconds.end()),
      seconds.size());
  return 0;
}

nn::Precision precision_of(const std::string& word) {
  return word == "bf16" ? nn::Precision::bf16 : nn::Precision::fp32;
}

int forward(const std::string& model, const std::string& precision, int tiles) {
  const auto segmenter = nn::load_segmenter(model, {"cpu", precision_of(precision)});
  const nn::ModelCard& card = segmenter->card();
  nn::set_up_worker_thread(1);
  const auto pixels = static_cast<std::size_t>(card.tile_px) * static_cast<std::size_t>(card.tile_px);
  const std::vector<float> optical(card.optical.size() * pixels, 1), terrain(card.terrain.size() * pixels, 1);
  const std::vector<std::uint8_t> valid(pixels, 1);
  std::vector<float> logits(card.classes.size() * pixels);
  std::vector<double> seconds;
  for (int i = 0; i <= tiles; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    segmenter->segment({1, card.tile_px, card.tile_px, optical, terrain, valid, valid}, logits);
    if (i > 0)
      seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return print("forward", precision, seconds);
}

/// The first samples of a source, held in memory, again and again.
class HeldSamples final : public nn::SampleSource {
 public:
  HeldSamples(nn::SampleSource& source, const nn::ModelCard& card, std::int64_t held, std::int64_t size)
      : side_(source.side()), size_(size) {
    const auto pixels = static_cast<std::size_t>(side_) * static_cast<std::size_t>(side_);
    for (std::int64_t i = 0; i < std::min(held, source.size()); ++i) {
      Sample& s = samples_.emplace_back();
      s.optical.resize(card.optical.size() * pixels);
      s.terrain.resize(card.terrain.size() * pixels);
      s.valid.resize(pixels);
      s.terrain_valid.resize(pixels);
      s.labels.resize(pixels);
      source.fill(0, i, {s.optical, s.terrain, s.valid, s.terrain_valid, s.labels});
    }
  }
  int side() const override { return side_; }
  std::int64_t size() const override { return size_; }
  std::string place(std::int64_t, std::int64_t index) const override { return std::to_string(index); }
  void fill(std::int64_t, std::int64_t index, const nn::SampleView& out) override {
    const Sample& s = samples_[static_cast<std::size_t>(index) % samples_.size()];
    std::copy(s.optical.begin(), s.optical.end(), out.optical.begin());
    std::copy(s.terrain.begin(), s.terrain.end(), out.terrain.begin());
    std::copy(s.valid.begin(), s.valid.end(), out.valid.begin());
    std::copy(s.terrain_valid.begin(), s.terrain_valid.end(), out.terrain_valid.begin());
    std::copy(s.labels.begin(), s.labels.end(), out.labels.begin());
  }

 private:
  struct Sample {
    std::vector<float> optical, terrain;
    std::vector<std::uint8_t> valid, terrain_valid, labels;
  };
  int side_;
  std::int64_t size_;
  std::vector<Sample> samples_;
};

/// As many samples of a pass as a measurement wants.
class FirstSamples final : public nn::SampleSource {
 public:
  FirstSamples(nn::SampleSource& source, std::int64_t size) : source_(source), size_(size) {}
  int side() const override { return source_.side(); }
  std::int64_t size() const override { return size_; }
  std::string place(std::int64_t epoch, std::int64_t index) const override {
    return source_.place(epoch, index);
  }
  void fill(std::int64_t, std::int64_t index, const nn::SampleView& out) override {
    source_.fill(index / source_.size(), index % source_.size(), out);
  }

 private:
  nn::SampleSource& source_;
  std::int64_t size_;
};

nn::ModelCard card_of(const pipelines::RunSettings& settings, std::vector<pipelines::TrainingScene>& scenes) {
  nn::ModelCard card;
  card.name = "bench";
  card.network = settings.network;
  for (const auto& band : settings.bands) card.optical.push_back({band, "digital number", 0, 1});
  for (const auto& channel : settings.terrain) card.terrain.push_back({channel, "1", 0, 1});
  card.classes = settings.classes;
  card.gsd_min_m = card.gsd_max_m = scenes.front().gsd_m;
  pipelines::measure_channels(scenes, card.optical, card.terrain);
  return card;
}

int train(const std::string& run_file, const std::string& precision, int steps, const std::string& from) {
  pipelines::RunSettings settings = pipelines::read_run_settings(run_file, {});
  settings.training.precision = precision_of(precision);
  settings.training.epochs = 1;
  settings.validation_share = 0;
  auto scenes = pipelines::open_training_scenes(settings);
  const nn::ModelCard card = card_of(settings, scenes);  // reads the blocks once, as training does
  pipelines::BlockSamples blocks(scenes, settings, pipelines::BlockSamples::Purpose::training);
  const std::int64_t size = static_cast<std::int64_t>(steps) * settings.training.batch;
  HeldSamples held(blocks, card, from == "memory" ? 64 : 1, size);
  FirstSamples first(blocks, size);
  nn::SampleSource& source = from == "memory" ? static_cast<nn::SampleSource&>(held) : first;
  std::vector<double> seconds;
  nn::train(card, settings.training, source, nullptr, {},
            [&](const nn::TrainingEvent& event) { seconds.push_back(event.seconds_a_step); }, {});
  seconds.erase(seconds.begin());  // the first steps make the kernels
  return print(from == "memory" ? "train from memory" : "train from rasters", precision, seconds);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string verb = argc > 1 ? argv[1] : "";
  mallopt(M_MMAP_MAX, 0);  // as the program does
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  geo::set_up_gdal();
  if (verb == "forward" && argc == 5) return forward(argv[2], argv[3], std::atoi(argv[4]));
  if (verb == "train" && argc == 6) return train(argv[2], argv[3], std::atoi(argv[4]), argv[5]);
  std::fprintf(
      stderr,
      "usage: network_bench forward MODEL PRECISION TILES | train RUN PRECISION STEPS memory|rasters\n");
  return 2;
}

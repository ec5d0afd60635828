// SPDX-License-Identifier: Apache-2.0
#include "pipelines/pretraining/probe_scene.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <numeric>

#include <fmt/format.h>

#include "datasets/random.h"
#include "nn/backbone.h"
#include "nn/probe.h"
#include "pipelines/error.h"
#include "pipelines/pretraining/patch_chances.h"
#include "pipelines/training/run_settings.h"
#include "pipelines/training/training_scenes.h"

namespace scarp::pipelines {
namespace {

constexpr std::int64_t kWindowsAtOnce = 8;

/// A window of labelled ground with what its patches say.
struct ProbedWindow {
  WindowPatches patches;
  std::vector<std::uint8_t> labels;  ///< [side, side]
};

struct Planes {
  std::vector<float> optical, terrain;
  std::vector<std::uint8_t> valid, terrain_valid;
  nn::BackboneWindow view() const { return {optical, terrain, valid, terrain_valid}; }
};

using FeatureMaker = std::function<std::vector<WindowPatches>(const std::vector<Planes>&)>;

// The channels are those of the backbone, whatever the run file names.
RunSettings settings_for(const SceneProbeOptions& options, const nn::BackboneCard& card) {
  RunSettings settings = read_run_settings(options.run_file, options.settings);
  settings.bands.clear();
  settings.terrain.clear();
  for (const nn::ChannelSpec& channel : card.optical) settings.bands.push_back(channel.name);
  for (const nn::ChannelSpec& channel : card.terrain) settings.terrain.push_back(channel.name);
  settings.terrain_unit = card.terrain_unit;
  settings.samples_a_block = 1;
  settings.training.seed = options.seed;
  const auto wanted = std::max<std::int64_t>(card.side_px, settings.block_side);
  settings.sample_side = static_cast<int>((wanted + card.patch - 1) / card.patch * card.patch);
  return settings;
}

FeatureMaker network_features(const nn::Backbone& backbone, std::int64_t side) {
  return [&backbone, side](const std::vector<Planes>& planes) {
    std::vector<nn::BackboneWindow> windows;
    for (const Planes& window : planes) windows.push_back(window.view());
    std::vector<WindowPatches> made;
    for (nn::WindowFeatures& found :
         backbone.features(windows, side, side, nn::readout_for(backbone.card().method)))
      made.push_back({std::move(found.patches), std::move(found.whole)});
    return made;
  };
}

FeatureMaker pixel_features(const PatchLattice& lattice) {
  return [lattice](const std::vector<Planes>& planes) {
    std::vector<WindowPatches> made;
    for (const Planes& window : planes) made.push_back(patch_statistics(window.view(), lattice));
    return made;
  };
}

void require_ground(const SceneProbeOptions& options,
                    const BlockSamples& training,
                    const BlockSamples& validation) {
  if (training.size() > 0 && validation.size() > 0) return;
  throw Error(Fault::usage,
              fmt::format("{} leaves {} blocks of labelled ground to learn from and {} to validate: a probe "
                          "needs both. Set validation.share, or validation.folds and validation.fold.",
                          options.run_file, training.size(), validation.size()));
}

std::vector<ProbedWindow> look_at(BlockSamples& samples,
                                  const nn::BackboneCard& card,
                                  const FeatureMaker& make,
                                  Events& events,
                                  const std::stop_token& stop) {
  const auto pixels = static_cast<std::size_t>(samples.side()) * static_cast<std::size_t>(samples.side());
  std::vector<ProbedWindow> windows;
  for (std::int64_t first = 0; first < samples.size(); first += kWindowsAtOnce) {
    if (stop.stop_requested()) throw Error(Fault::cancelled, "Cancelled while labelled ground was embedded.");
    std::vector<Planes> planes;
    for (std::int64_t i = first; i < std::min(first + kWindowsAtOnce, samples.size()); ++i) {
      Planes& own = planes.emplace_back();
      own.optical.resize(pixels * card.optical.size());
      own.terrain.resize(pixels * card.terrain.size());
      own.valid.resize(pixels);
      own.terrain_valid.resize(pixels);
      std::vector<std::uint8_t> labels(pixels);
      samples.fill(0, i, {own.optical, own.terrain, own.valid, own.terrain_valid, labels});
      windows.push_back({{}, std::move(labels)});
    }
    auto made = make(planes);
    for (std::size_t i = 0; i < made.size(); ++i)
      windows[static_cast<std::size_t>(first) + i].patches = std::move(made[i]);
    events.progress(static_cast<double>(windows.size()) / static_cast<double>(samples.size()), "embedding");
  }
  return windows;
}

/// Patches to learn from: one row for each class that a patch holds, weighted by its share of the patch.
struct KnownPatches {
  nn::LabelledFeatures features;
  std::vector<float> weights;
};

void require_patches(const KnownPatches& known, std::int64_t blocks, std::int64_t patch) {
  if (!known.weights.empty()) return;
  throw Error(
      Fault::contradiction,
      fmt::format("None of the {} blocks that were drawn holds a whole patch of {} pixels with a label: "
                  "check nodata and mask with `scarp inspect`, or take a larger --shares.",
                  blocks, patch));
}

void add_known(const ProbedWindow& window, const PatchLattice& lattice, KnownPatches& known) {
  const std::size_t classes = lattice.classes;
  const std::vector<float> shares = class_shares(window.labels, lattice);
  const std::size_t width = window.patches.values.size() / window.patches.whole.size();
  for (std::size_t p = 0; p < window.patches.whole.size(); ++p) {
    if (window.patches.whole[p] == 0) continue;
    const auto* from = window.patches.values.data() + p * width;
    for (std::size_t c = 0; c < classes; ++c) {
      if (shares[p * classes + c] <= 0) continue;
      known.features.add(std::vector<float>(from, from + width), static_cast<std::int64_t>(c));
      known.weights.push_back(shares[p * classes + c]);
    }
  }
}

nn::LabelledFeatures asked_patches(const std::vector<ProbedWindow>& windows) {
  nn::LabelledFeatures asked;
  for (const ProbedWindow& window : windows) {
    asked.width = static_cast<std::int64_t>(window.patches.values.size() / window.patches.whole.size());
    asked.rows.insert(asked.rows.end(), window.patches.values.begin(), window.patches.values.end());
    asked.labels.insert(asked.labels.end(), window.patches.whole.size(), 0);
  }
  return asked;
}

std::vector<nn::ClassCounts> scores(const std::vector<ProbedWindow>& windows,
                                    const std::vector<float>& chances,
                                    const PatchLattice& lattice) {
  std::vector<nn::ClassCounts> counts(lattice.classes - 1);
  std::size_t first = 0;
  for (const ProbedWindow& window : windows) {
    const std::size_t own = window.patches.whole.size() * lattice.classes;
    const auto found =
        classes_between_patches(std::span(chances).subspan(first, own), window.patches.whole, lattice);
    first += own;
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (window.labels[i] == nn::kIgnoreLabel) continue;
      for (std::size_t c = 1; c < lattice.classes; ++c) {
        counts[c - 1].true_positive += found[i] == c && window.labels[i] == c ? 1 : 0;
        counts[c - 1].false_positive += found[i] == c && window.labels[i] != c ? 1 : 0;
        counts[c - 1].false_negative += found[i] != c && window.labels[i] == c ? 1 : 0;
      }
    }
  }
  return counts;
}

std::vector<std::size_t> drawn_order(std::size_t count, std::uint64_t seed, int draw) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  datasets::Random random(datasets::part_seed(seed, static_cast<std::uint64_t>(draw)));
  for (std::size_t i = 0; i + 1 < count; ++i) std::swap(order[i], order[i + random.below(count - i)]);
  return order;
}

void probe_features(const std::string& name,
                    const std::vector<ProbedWindow>& known,
                    const std::vector<ProbedWindow>& asked,
                    const PatchLattice& lattice,
                    const SceneProbeOptions& options,
                    SceneProbeResult& result) {
  nn::LinearProbeOptions linear;
  linear.threads = options.threads;
  const nn::LabelledFeatures questions = asked_patches(asked);
  for (const double share : options.shares) {
    const auto blocks =
        static_cast<std::size_t>(std::max(1.0, std::round(share * static_cast<double>(known.size()))));
    SceneProbeRow row{name, share, static_cast<std::int64_t>(blocks), {}};
    for (int draw = 0; draw < (blocks == known.size() ? 1 : options.draws); ++draw) {
      const auto order = drawn_order(known.size(), options.seed, draw);
      KnownPatches patches;
      for (std::size_t i = 0; i < blocks; ++i) add_known(known[order[i]], lattice, patches);
      require_patches(patches, row.blocks, lattice.patch);
      row.draws.push_back(scores(
          asked,
          nn::linear_probe_chances(patches.features, questions, static_cast<std::int64_t>(lattice.classes),
                                   linear, patches.weights),
          lattice));
    }
    result.rows.push_back(std::move(row));
  }
}

}  // namespace

SceneProbeResult probe_scene(const SceneProbeOptions& options, Events& events, std::stop_token stop) {
  events.stage("reading the backbone");
  const auto backbone = nn::load_backbone(options.backbone, options.device, options.threads);
  const nn::BackboneCard& card = backbone->card();
  const RunSettings settings = settings_for(options, card);
  events.stage("opening the scenes");
  std::vector<TrainingScene> scenes = open_training_scenes(settings);
  BlockSamples training(scenes, settings, BlockSamples::Purpose::training);
  BlockSamples validation(scenes, settings, BlockSamples::Purpose::validation);
  require_ground(options, training, validation);
  const PatchLattice lattice{training.side() / card.patch, card.patch, settings.classes.size()};
  SceneProbeResult result{options.backbone, card.method, training.size(), validation.size(), {}, {}};
  for (const nn::ClassSpec& each : settings.classes) result.classes.push_back(each.name);
  events.stage("embedding");
  const auto probe = [&](const std::string& name, const FeatureMaker& make) {
    probe_features(name, look_at(training, card, make, events, stop),
                   look_at(validation, card, make, events, stop), lattice, options, result);
  };
  probe("pretrained", network_features(*backbone, training.side()));
  if (options.baselines) {
    const auto drawn = nn::untrained_backbone(card, options.seed, options.device, options.threads);
    probe("untrained", network_features(*drawn, training.side()));
    probe("pixels", pixel_features(lattice));
  }
  return result;
}

}  // namespace scarp::pipelines

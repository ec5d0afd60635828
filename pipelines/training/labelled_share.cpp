// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <tuple>

#include "datasets/random.h"
#include "pipelines/training/training_scenes.h"

namespace scarp::pipelines {
namespace {

struct Place {
  std::uint64_t rank = 0;
  std::size_t scene = 0;
  int block = 0;
};

// A random order that depends on seed, scene and block alone.
std::vector<Place> drawn_order(const std::vector<TrainingScene>& scenes, std::uint64_t seed) {
  std::vector<Place> order;
  for (std::size_t s = 0; s < scenes.size(); ++s) {
    for (const int block : scenes[s].split.training)
      order.push_back(
          {datasets::mixed(datasets::mixed(datasets::mixed(seed) ^ s) ^ static_cast<std::uint64_t>(block)), s,
           block});
  }
  std::sort(order.begin(), order.end(), [](const Place& a, const Place& b) {
    return std::tie(a.rank, a.scene, a.block) < std::tie(b.rank, b.scene, b.block);
  });
  return order;
}

}  // namespace

void keep_labelled_share(std::vector<TrainingScene>& scenes, const RunSettings& settings) {
  if (settings.labelled_share == 1) return;
  std::vector<Place> order = drawn_order(scenes, settings.training.seed);
  const auto first = std::find_if(order.begin(), order.end(), [&](const Place& place) {
    return holds_landslide(scenes[place.scene], place.block);
  });
  if (first != order.end()) std::rotate(order.begin(), first, first + 1);
  const auto kept =
      static_cast<std::size_t>(std::llround(settings.labelled_share * static_cast<double>(order.size())));
  order.resize(std::min(order.size(), std::max<std::size_t>(1, kept)));
  for (TrainingScene& scene : scenes) scene.split.training.clear();
  for (const Place& place : order) scenes[place.scene].split.training.push_back(place.block);
  for (TrainingScene& scene : scenes) std::sort(scene.split.training.begin(), scene.split.training.end());
}

}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#include "pipelines/training/scene_channels.h"

#include <numeric>

#include <fmt/format.h>

#include "geo/terrain.h"
#include "pipelines/error.h"

namespace scarp::pipelines {

geo::StackOptions scene_channels(const std::string& scene,
                                 const std::vector<std::string>& bands,
                                 const std::vector<int>& numbers,
                                 const std::vector<std::string>& terrain) {
  geo::StackOptions options;
  for (const int number : numbers) options.optical_bands.push_back(number - 1);
  if (numbers.empty()) {
    options.optical_bands.resize(bands.size());
    std::iota(options.optical_bands.begin(), options.optical_bands.end(), 0);
  }
  if (options.optical_bands.size() != bands.size()) {
    throw Error(Fault::usage, fmt::format("Scene {} names {} bands, but the run file's key bands names {}.",
                                          scene, options.optical_bands.size(), bands.size()));
  }
  for (const std::string& channel : terrain) options.terrain.push_back(geo::parse_terrain_channel(channel));
  return options;
}

}  // namespace scarp::pipelines

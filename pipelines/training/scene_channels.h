// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "geo/aligned_stack.h"

namespace scarp::pipelines {

/// What is read of a scene: one band of its image for each band of the run file, and terrain channels.
/// @param bands    of the run file, by name
/// @param numbers  of the scene's bands, from 1, in that order; empty: the first ones
/// @param terrain  of the run file, by name
/// @throws Error (usage) if there are more or fewer numbers than bands; what an unknown channel throws
geo::StackOptions scene_channels(const std::string& scene,
                                 const std::vector<std::string>& bands,
                                 const std::vector<int>& numbers,
                                 const std::vector<std::string>& terrain);

}  // namespace scarp::pipelines

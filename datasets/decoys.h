// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "datasets/landslide_sites.h"

namespace scarp::datasets {

/// Forms and colours that resemble landslides in part and are none.
struct Decoys {
  int placed = 0;
  HeightField bareness;  ///< 0 as the surroundings .. 1 bare soil: gullies, quarries, bare patches
};

/// Cuts gullies, quarries and cliffs into the ground and lays bare patches of soil with the outlines of
/// landslides, about `count` in all, none over a landslide or another decoy.
Decoys place_decoys(const Relief& relief, int count, Random& random, Occupancy& taken, HeightField& heights);

}  // namespace scarp::datasets

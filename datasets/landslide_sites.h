// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "datasets/landscape.h"
#include "datasets/landslide.h"
#include "datasets/occupancy.h"

namespace scarp::datasets {

/// The ground smoothed by 3 and by 7 pixels: what slides of different size follow.
struct Relief {
  HeightField fine;
  HeightField broad;
  explicit Relief(const HeightField& heights) : fine(smoothed(heights, 3)), broad(smoothed(heights, 7)) {}
};

/// Finds places for up to `count` landslides on slopes of 15 to 40 degrees, away from rivers and crests, none
/// over another. Lengths are log-uniform from about 12 to 120 pixels; about 45 in a hundred, at least 40, are
/// hidden.
std::vector<Landslide> place_landslides(const Landscape& land,
                                        const Relief& relief,
                                        int count,
                                        Random& random,
                                        Occupancy& taken);

}  // namespace scarp::datasets

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "geo/aligned_stack.h"
#include "geo/tile_plan.h"
#include "nn/model_card.h"
#include "pipelines/mapping/detect.h"

namespace scarp::pipelines {

/// Terrain channels of a stack.
struct GroundChannels {
  std::size_t elevation = 0;
  std::size_t slope = 0;
  std::size_t gradient_east = 0;
  std::size_t gradient_north = 0;
};

/// Everything about a run of `detect` that is known before the first pixel is read.
struct DetectPlan {
  geo::Grid grid;    ///< of the optical raster
  geo::Window area;  ///< pixels that come out
  geo::TilePlan tiles;
  geo::Window lattice;             ///< tiles that reach into the area
  geo::StackOptions stack;         ///< bands and channels that the model wants
  std::size_t model_channels = 0;  ///< terrain channels of the model: the first ones of `stack`
  std::vector<float> factors;      ///< metres to the model's unit, one a terrain channel
  /// Which terrain channels the attributes of polygons are made of, in metres and degrees; empty if there
  /// are no polygons or the model takes no terrain.
  std::optional<GroundChannels> ground;
  double min_area_m2 = 0;
};

/// Opens both rasters, checks them against the model and plans the tiles.
/// @throws Error (contradiction, usage), geo::Error
DetectPlan plan_detection(const DetectOptions& options, const nn::ModelCard& card);

/// A fresh stack over the run's rasters with given terrain channels.
geo::AlignedStack open_stack(const DetectOptions& options, const geo::StackOptions& stack);

}  // namespace scarp::pipelines

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>

#include "nn/segmenter.h"
#include "pipelines/mapping/detect_plan.h"
#include "pipelines/mapping/mosaic.h"
#include "pipelines/vector/pixel_sums.h"

namespace scarp::pipelines {

struct SegmentCounts {
  std::int64_t tiles = 0;        ///< sent to the network
  std::int64_t tiles_empty = 0;  ///< without a valid pixel
  std::int64_t not_finite = 0;   ///< pixels
  double seconds_network = 0;    ///< summed over workers
};

/// Finished rows of the map and what is known of their pixels beside: probability, and the ground if the plan
/// wants it.
struct SceneRows {
  MapRows map;
  std::span<const vector::PixelRow> pixels;  ///< a row each, area cols
};

/// How a scene is to be run through the network, and who is told.
struct SegmentRun {
  int workers = 1;                             ///< threads
  int batch = 1;                               ///< tiles a network call
  std::function<void(const SceneRows&)> sink;  ///< gets finished rows, from top to bottom
  std::function<void(double)> progress;        ///< called with 0..1 after each lattice row; may be empty
  std::stop_token stop;
};

/// Reads, segments and blends a scene as one bounded pipeline. Reading and blending are serial and in order,
/// the network runs in parallel: the same rows come out for any number of workers and any batch.
/// @throws Error (cancelled) soon after a stop is requested; whatever a stage throws
SegmentCounts segment_scene(geo::AlignedStack stack,
                            const DetectPlan& plan,
                            const nn::Segmenter& segmenter,
                            const SegmentRun& run);

}  // namespace scarp::pipelines

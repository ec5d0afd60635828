// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

#include "nn/segmenter.h"
#include "pipelines/detect_plan.h"
#include "pipelines/mosaic.h"

namespace scarp::pipelines {

struct SegmentCounts {
  std::int64_t tiles = 0;        ///< sent to the network
  std::int64_t tiles_empty = 0;  ///< without a valid pixel
  std::int64_t not_finite = 0;   ///< pixels
  double seconds_network = 0;    ///< summed over workers
};

/// Reads, segments and blends a scene as one bounded pipeline; finished rows go to `sink` from top to bottom.
/// Reading and blending are serial and in order, the network runs in parallel: the same rows come out for any
/// number of workers.
/// @param progress  called with 0..1 after each lattice row, may be empty
/// @throws Error (cancelled) soon after `stop` is requested; whatever a stage throws
SegmentCounts segment_scene(geo::AlignedStack stack,
                            const DetectPlan& plan,
                            const nn::Segmenter& segmenter,
                            int workers,
                            int batch,
                            const Mosaic::Sink& sink,
                            const std::function<void(double)>& progress,
                            std::stop_token stop);

}  // namespace scarp::pipelines

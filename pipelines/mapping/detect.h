// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "geo/aligned_stack.h"
#include "nn/segmenter.h"
#include "pipelines/events.h"

namespace scarp::pipelines {

struct DetectOptions {
  std::string optical;
  std::string dem;                           ///< may be empty if the model needs no terrain
  std::vector<int> bands;                    ///< 1-based bands of the optical raster; empty: the first ones
  std::string polygons;                      ///< output; at least one output is needed
  std::string class_raster;                  ///< output, may be empty
  std::string probability_raster;            ///< output, may be empty
  std::string sure_labels;                   ///< output, may be empty: labels for another training
  double sure = 0.95;                        ///< so probable a class must be at least to become such a label
  std::string sure_outside;                  ///< polygons FILE[:LAYER] inside which nothing becomes one
  std::string format;                        ///< OGR driver; empty: from the ending
  std::vector<std::string> creation;         ///< layer creation options
  std::optional<std::array<double, 4>> box;  ///< min x, min y, max x, max y in the scene's CRS; empty: all
  geo::DemGaps dem_gaps = geo::DemGaps::fill;
  double min_area_m2 = -1;  ///< smaller objects are left out of the polygons; < 0: ten pixels
  int workers = 0;          ///< 0: one a processor core
  int batch = 1;            ///< tiles a network call
  bool overwrite = false;
  bool any_pixel_size = false;  ///< run although the pixel size is outside the model's range
};

struct DetectReport {
  std::int64_t polygons = 0;
  std::int64_t dropped_small = 0;
  double area_m2 = 0;
  std::int64_t pixels = 0;       ///< valid pixels mapped
  std::int64_t tiles = 0;        ///< sent to the network
  std::int64_t tiles_empty = 0;  ///< without a valid pixel: never sent
  std::int64_t not_finite = 0;   ///< pixels whose logits were not finite: nodata
  double seconds = 0;
  double seconds_network = 0;  ///< summed over workers
};

/// The journey of one tile: reads, segments, blends, polygonizes, writes. Reading, network and blending
/// overlap; memory grows with the width of the scene. Output is identical, bit for bit, for any number of
/// workers, batch and area of interest.
DetectReport detect(const DetectOptions& options,
                    const nn::Segmenter& segmenter,
                    Events& events,
                    std::stop_token stop);

/// Refuses inputs that contradict a model, with a sentence that says which and what to do; empty if they fit.
std::string why_unfit(const nn::ModelCard& card,
                      const geo::Grid& grid,
                      int optical_bands,
                      bool has_dem,
                      bool any_pixel_size);

}  // namespace scarp::pipelines

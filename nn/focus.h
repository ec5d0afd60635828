// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "nn/hyper_pixels.h"
#include "nn/learner.h"

namespace scarp::nn {

struct FocusOptions {
  std::string device = "auto";
  int landslide_class = 1;
  int tolerance_px = 2;     ///< so far from an outline is near it
  HyperPixelOptions cells;  ///< which parts of outlines are walls
  int samples = 16;         ///< looked at, at most, of those that hold an outline; spread over the source
  int pictures = 4;         ///< of them, whose maps are kept
};

/// Where on a sample a network looks.
struct FocusMap {
  std::string name;           ///< "attention, stride 16", "gradient, optical", "gradient, terrain"
  std::vector<float> values;  ///< [side, side], 0 or more
};

/// The share of a map's energy (sum of its squares over labelled pixels, all samples together) in some
/// places.
struct FocusShare {
  std::string name;    ///< of the map
  double outline = 0;  ///< near the outline of a landslide
  double walls = 0;    ///< near a back or side wall
};

struct FocusSample {
  std::int64_t index = 0;                ///< in the source, pass 0
  std::vector<float> optical;            ///< [channels, side, side], source units
  std::vector<std::uint8_t> valid;       ///< [side, side]
  std::vector<std::uint8_t> labels;      ///< [side, side]
  std::vector<std::uint8_t> near_walls;  ///< [side, side] 0 or 1
  std::vector<FocusMap> maps;
};

struct Focus {
  int side = 0;
  std::int64_t samples = 0;
  double outline_ground =
      0;                   ///< share of labelled pixels near an outline: of a map that looks everywhere alike
  double wall_ground = 0;  ///< near a wall
  std::vector<FocusShare> shares;
  std::vector<FocusSample> pictures;
};

/// Where a trained network looks, held against the outlines of landslides: the weights of its Coordinate
/// Attention (mean over channels of row gate times column gate) at every stride that has it, brought to
/// pixels; and the length, over a branch's channels, of the gradient of what is summed over labelled pixels:
/// landslide logit less background logit, with regard to the normalised planes (Simonyan et al., "Deep Inside
/// Convolutional Networks", 2014, section 3). Deterministic on one device.
/// @return no shares if no sample holds an outline
/// @throws Error as load_segmenter; (bad_argument) if the source does not fit the model
Focus focus_of(const std::string& model,
               SampleSource& source,
               const FocusOptions& options,
               const std::stop_token& stop);

}  // namespace scarp::nn

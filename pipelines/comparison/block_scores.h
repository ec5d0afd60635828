// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "nn/segmenter.h"
#include "pipelines/evaluation/evaluate_blocks.h"
#include "pipelines/training/training_scenes.h"

namespace scarp::pipelines {

/// Labelled pixels by the margin of the network (log-odds of landslide) and their label: what calibration
/// needs to know of a map, in a few numbers.
class MarginHistogram {
 public:
  static constexpr int kBins = 120;
  static constexpr double kWidth = 0.2;  ///< margins of -12 to 12; what lies beyond is in the outer bins

  MarginHistogram() : background(kBins, 0), landslide(kBins, 0) {}
  /// @param margin  a number; infinite ones are in the outer bins
  void add(double margin, bool is_landslide);
  void add(const MarginHistogram& other);
  /// The temperature of least negative log likelihood when margins are divided by it (Guo et al., ICML 2017,
  /// section 4.2), found by golden section between 0.1 and 10; 1 without pixels.
  double best_temperature() const;
  /// Expected calibration error of the more probable class, 15 bins, after division by the temperature.
  double calibration_error(double temperature) const;
  /// Area under precision over recall, without interpolation: what the order of the pixels is worth, at no
  /// threshold. As much as the share of landslide if the network knows nothing. Pixels of one bin are one
  /// step, so that it is a little low.
  /// @return 0 to 1; -1 without a pixel of landslide
  double average_precision() const;

  std::vector<std::int64_t> background;  ///< [kBins] pixels
  std::vector<std::int64_t> landslide;   ///< [kBins]
};

/// How a network does on one block of labelled ground. Calibration of `counts` is not filled: margins are
/// kept instead.
struct BlockScore {
  std::string scene;
  int block = 0;  ///< index among the scene's blocks
  GroundCounts counts;
};

struct BlockScores {
  std::vector<BlockScore> blocks;          ///< in the order of the samples
  std::array<MarginHistogram, 2> margins;  ///< of every other block, as if the model had no temperature:
                                           ///< calibration is fitted on one half and judged on the other
};

/// Runs a network over the validation blocks, each in its own window, as training does.
/// @param outline_tolerance_px  of the boundary scores
/// @throws Error (cancelled), Error (contradiction) if the network's answer is not a number; whatever the
/// network or the scenes throw
BlockScores score_blocks(const nn::Segmenter& segmenter,
                         BlockSamples& samples,
                         int outline_tolerance_px,
                         const std::stop_token& stop);

}  // namespace scarp::pipelines

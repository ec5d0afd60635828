// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <future>
#include <optional>
#include <random>
#include <vector>

#include <ATen/core/Tensor.h>

#include "nn/learner.h"
#include "nn/torch/input_planes.h"
#include "nn/training/augmentation.h"
#include "nn/training/pair_drawer.h"
#include "nn/training/toe_weights.h"

namespace scarp::nn {

/// Samples side by side as the network wants them.
struct TrainingBatch {
  InputPlanes planes;             ///< normalised, augmented
  at::Tensor labels;              ///< [B, side, side] int64
  at::Tensor label_weights;       ///< [B, side, side] float; undefined: all 1
  std::optional<PairRows> pairs;  ///< where the training contrasts
  std::vector<std::int64_t> indices;
};

/// Makes batches: fills samples, normalises, augments. The batch of some indices is the same whoever asks,
/// whenever.
class BatchLoader {
 public:
  /// @param augment  false for validation
  BatchLoader(SampleSource& source, const ModelCard& card, const TrainingOptions& options, bool augment);

  TrainingBatch load(std::int64_t epoch, std::vector<std::int64_t> indices);
  /// Begins to load a batch in the background; `take` waits for it. One at a time: the source is never called
  /// twice at once.
  void start(std::int64_t epoch, std::vector<std::int64_t> indices);
  TrainingBatch take();
  void drop();        ///< waits for what was started and forgets it
  void wait() const;  ///< until the source is no longer asked; what was loaded stays to be taken

 private:
  /// One sample as the source gave it.
  struct RawSample {
    at::Tensor& optical;  ///< [1, Co, S, S]
    at::Tensor& terrain;  ///< [1, Ct, S, S]
    at::Tensor& valid;    ///< [1, 1, S, S]
    at::Tensor& terrain_valid;
    at::Tensor& labels;  ///< [S, S]
  };
  void move_pixels(std::mt19937_64& random, const RawSample& sample) const;
  void change_planes(std::mt19937_64& random, InputPlanes& sample) const;
  void check_labels(const at::Tensor& labels, std::int64_t epoch, std::int64_t index) const;
  /// Samples of a batch that is being made.
  struct Parts {
    std::vector<InputPlanes> planes;
    std::vector<at::Tensor> labels, label_weights;
  };
  void add_sample(std::int64_t epoch, std::int64_t index, Parts& parts);

  SampleSource& source_;
  std::int64_t optical_channels_;
  std::int64_t terrain_channels_;
  std::int64_t classes_;
  TrainingOptions options_;
  bool augment_;
  InputNormaliser normalise_;
  std::optional<TerrainTurner> turner_;
  std::optional<PairDrawer> pairs_;
  std::optional<ToeWeights> toes_;
  std::future<TrainingBatch> pending_;
};

/// Leaves no batch behind in a loader, however its scope is left.
class LoadAhead {
 public:
  explicit LoadAhead(BatchLoader& loader) : loader_(loader) {}
  ~LoadAhead() { loader_.drop(); }
  LoadAhead(const LoadAhead&) = delete;
  LoadAhead& operator=(const LoadAhead&) = delete;

 private:
  BatchLoader& loader_;
};

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "nn/contrast_options.h"
#include "nn/io/tensor_file.h"
#include "nn/model_card.h"
#include "nn/torch/contrast_queue.h"
#include "nn/torch/dual_branch_network.h"
#include "nn/torch/embedding_head.h"
#include "nn/torch/input_planes.h"
#include "nn/training/adamw.h"
#include "nn/training/pair_drawer.h"

namespace scarp::nn {

/// The contrastive part of a training: projection head, momentum copy of the head, queues. HPCL-style
/// (reconstruction). The momentum encoder is the moving average of the weights that a training keeps anyway,
/// and of the head's; its batch norms run on the learning network's running statistics of the same step, in
/// evaluation mode, so that keys do not depend on who shares their batch (He et al., "Momentum Contrast",
/// CVPR 2020, section 3.3, on what goes wrong otherwise). Keys are made after a step and enqueued for the
/// next ones, so that an anchor never meets itself. Nothing waits for a device.
class ContrastiveTerm {
 public:
  /// @param steps  of the whole training, for the ramp
  /// @throws std::invalid_argument for a stride that no map of the network has
  ContrastiveTerm(const ContrastOptions& options,
                  const DualBranchNetwork& network,
                  std::uint64_t seed,
                  std::int64_t steps,
                  at::Device device);

  std::size_t level() const { return level_; }  ///< of the network's features that is contrasted
  NamedParameters parameters() const;           ///< of the head, to be optimised with the network's

  /// The weighted loss of one step, to be added to the segmentation loss.
  /// @param features  of `level`, of the network that learns
  at::Tensor loss(const at::Tensor& features, const PairRows& rows, std::int64_t step);

  /// After a step: the momentum head follows, and this batch's keys go into the queues.
  /// @param average  network whose weights follow; its running statistics become those of `leader`
  void follow(DualBranchNetwork& average,
              const DualBranchNetwork& leader,
              double decay,
              const InputPlanes& planes,
              const PairRows& rows);

  void save(NamedTensors& tensors) const;
  /// @throws Error (mismatch) naming what is absent or of another shape
  void load(const NamedTensors& tensors, const std::string& what);

 private:
  at::Tensor embeddings(EmbeddingHead& head, const at::Tensor& features, const PairRows& rows);

  ContrastOptions options_;
  std::size_t level_;
  double ramp_steps_;
  EmbeddingHead head_;
  EmbeddingHead momentum_head_;
  ContrastQueues queues_;
  at::Tensor last_;  ///< [B * rows, width] of the step that was just made, for queues without momentum
};

}  // namespace scarp::nn

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "nn/sample_pairs.h"

namespace scarp::nn {

/// What an anchor is held against.
enum class ContrastKeys : std::uint8_t {
  batch,    ///< anchors and keys of the same batch
  queue,    ///< rings of embeddings of earlier batches, made by the network that learns
  momentum  ///< the same rings, filled by the momentum encoder
};

/// Hyper-pixel contrastive learning beside the segmentation loss. HPCL-style (reconstruction): the abstract
/// of arXiv 2308.01251 names the parts (anchors and keys at back and side walls, a queue a category, a
/// momentum encoder); all values here are ours.
struct ContrastOptions {
  double weight = 0;         ///< of the contrastive loss; 0: off
  double temperature = 0.1;  ///< of similarities
  double ramp = 0.1;         ///< share of all steps in which the weight rises linearly from 0
  ContrastKeys keys = ContrastKeys::momentum;
  AnchorMode anchors = AnchorMode::walls;
  int stride = 8;    ///< side of a hyper-pixel in pixels of the scene: 4, 8 or 16 times the input stride
  int band = 1;      ///< depth of the boundary bands, in cells
  int width = 128;   ///< numbers of an embedding
  int queue = 1024;  ///< slots of a category's ring
  int warmup = 256;  ///< filled slots that every ring needs before the queues are used
  int draws = 32;    ///< cells of each category and sample at most

  bool on() const { return weight > 0; }
  void check() const;  ///< @throws std::invalid_argument naming the first field out of range
  /// Which of the network's feature maps has cells of this stride: 1 to 3, of strides 4, 8 and 16.
  /// @throws std::invalid_argument if none has
  int level(int input_stride) const;
  bool operator==(const ContrastOptions&) const = default;
};

}  // namespace scarp::nn

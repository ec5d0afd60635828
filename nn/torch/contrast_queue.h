// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include <ATen/core/Tensor.h>

#include "nn/io/tensor_file.h"
#include "nn/torch/contrast.h"

namespace scarp::nn {

/// Global contrastive queues: a ring of embeddings for each category, so that positives and negatives are not
/// those of one batch alone. HPCL-style (reconstruction): the paper's abstract (arXiv 2308.01251) names a
/// queue a category that is held over iterations and filled by a momentum encoder; lengths and warm-up are
/// ours. All bookkeeping is on the device: no call waits for it but `save`.
class ContrastQueues {
 public:
  /// @param categories  1 or more
  /// @param length      slots of each ring, 1 or more
  /// @param width       of an embedding
  ContrastQueues(std::int64_t categories, std::int64_t length, std::int64_t width, at::Device device);

  /// Puts embeddings into the rings of their labels, in their order, over the oldest ones.
  /// @param embeddings  [n, width]; brought to length 1; no gradient is kept
  /// @param labels      [n] int64; what is none of the categories is left out
  /// @throws c10::Error if shapes do not fit
  void enqueue(const at::Tensor& embeddings, const at::Tensor& labels);

  /// The filled slots of all rings, none before every ring holds `least`: [categories * length] of each.
  ContrastSet filled(std::int64_t least) const;

  /// Under "queue.": a resumed training goes on with the same queues.
  void save(NamedTensors& tensors) const;
  /// @throws Error (mismatch) naming what is absent, or has other categories, another length or width
  void load(const NamedTensors& tensors, const std::string& what);

 private:
  at::Tensor rings() const;  ///< [categories, length, width], a view

  std::int64_t length_;
  at::Tensor slots_;  ///< [categories * length + 1, width]; what is to be left out is written into the last
  at::Tensor next_;   ///< [categories] int64: the slot that is written next
  at::Tensor count_;  ///< [categories] int64: filled slots
};

}  // namespace scarp::nn

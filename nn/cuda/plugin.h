// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

extern "C" {

/// One call of the ring contrast on a GPU: pointers into its memory, what nn/contrast/ring_row.h says of each
/// anchor.
struct ScarpRingContrast {
  const float* embeddings;      ///< [n, width] of the batch
  const std::int64_t* labels;   ///< [n]
  const std::int64_t* anchors;  ///< [anchor_count] rows of `embeddings`
  std::int64_t anchor_count;
  std::int64_t width;
  const float* ring;                ///< [slots, width]
  const std::int64_t* ring_labels;  ///< [slots]
  const bool* ring_valid;           ///< [slots]
  std::int64_t slots;
  float temperature;
  float* rows;         ///< [anchor_count, slots] room to work in
  float* loss;         ///< [anchor_count] out
  bool* has_positive;  ///< [anchor_count] out
  float* gradient;     ///< [anchor_count, width] out: of each anchor's loss by the anchor
};

/// What libscarp_cuda.so offers, so that the program need not be linked with CUDA.
struct ScarpCudaPlugin {
  int version;  ///< kScarpCudaPlugin of the header it was built with
  /// Begins the work on a stream of the current device and does not wait for it.
  /// @return null, or why it could not begin: words that live for ever
  const char* (*ring_contrast)(const ScarpRingContrast* call, void* stream);
};

/// The one symbol of the library.
const ScarpCudaPlugin* scarp_cuda_plugin();
}

inline constexpr int kScarpCudaPlugin = 1;
